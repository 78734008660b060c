// Runs the checks and tests and ends with one line that sums them.
//
//   npm test                       everything that must pass before a change lands
//   npm test -- fast               without the stages that start whole servers
//   npm test -- PATH…              only the test files whose path contains one of these
//   npm run conformance            real clients and screenshots
//   npm run chaos -- [--kills N] [--on sqlite|replicas] [--lease-ms N] [--seed N] [--from COMMIT]
//                                  the kill tests alone, with N kills on each, and the upgrade from a commit under load
import { buildWeb } from './build-web.mjs'
import { ensureNode, ensurePython, runScript } from './setup.mjs'
import { checks } from './test-checks.mjs'
import { runAction, runCommand, runTogether, runVitest, summarise } from './test-stages.mjs'

const words = process.argv.slice(2)
const mode = ['fast', 'conformance', 'chaos'].includes(words[0]) ? words.shift() : words.length > 0 ? 'paths' : 'all'

await runScript(async () => {
  const start = Date.now()
  const setUp = await runAction('set-up', async () => {
    await ensureNode()
    await ensurePython()
  })
  return summarise(setUp.failed > 0 ? [setUp] : await runMode(), start)
})

async function runMode() {
  if (mode === 'paths') return [await runVitest('tests', words)]
  const results = []
  if (mode === 'all' || mode === 'fast') {
    for (const check of checks()) results.push(await runCommand(check))
    // Half of a unit test's time is spent waiting for databases and child processes: two files at a time keep two cores busy.
    results.push(await runVitest('unit tests', ['--project', 'unit', '--project', 'alone', '--maxWorkers', '2']))
  }
  if (mode === 'fast') return results
  results.push(await runAction('build of the UI', buildWeb))
  const tests = (project) => (output) =>
    runVitest(`${project} tests`, ['--project', project], { env: chaosEnvironment(), output })
  // The demo and the browser take one core and a bit each. The kills of chaos measure time and stay by themselves.
  if (mode === 'all') results.push(...(await runTogether([tests('loop'), tests('e2e')])))
  results.push(await tests(mode === 'conformance' ? 'conformance' : 'chaos')())
  return results
}

function chaosEnvironment() {
  const flags = {
    '--kills': 'CHAOS_KILLS',
    '--on': 'CHAOS_ON',
    '--lease-ms': 'CHAOS_LEASE_MS',
    '--seed': 'CHAOS_SEED',
    '--from': 'CHAOS_UPGRADE_FROM',
  }
  const given = Object.entries(flags).flatMap(([flag, name]) => {
    const at = words.indexOf(flag)
    return at < 0 ? [] : [[name, words[at + 1]]]
  })
  return {
    ...(mode === 'chaos' ? { CHAOS_FULL: '1', CHAOS_UPGRADE_FROM: 'HEAD~1' } : {}),
    ...Object.fromEntries(given),
  }
}
