import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { projectNode, root } from './setup.mjs'

/** The checks that are no tests; each counts as one passed or failed. */
export function checks() {
  const tool = (path) => join(root, 'node_modules', path)
  const listed = [
    { name: 'type check', command: projectNode, args: [tool('typescript/bin/tsc'), '-p', '.'] },
    { name: 'type check of the UI', command: projectNode, args: [tool('typescript/bin/tsc'), '-p', 'packages/web'] },
    { name: 'lint', command: projectNode, args: [tool('oxlint/bin/oxlint'), '--type-aware', '--quiet'] },
    {
      name: 'format',
      command: projectNode,
      args: [tool('@biomejs/biome/bin/biome'), 'format', '--reporter=summary', '.'],
    },
    { name: 'dead code', command: projectNode, args: [tool('knip/bin/knip.js'), '--no-progress'] },
  ]
  const generator = 'scripts/generate-docs.ts'
  if (existsSync(join(root, generator))) {
    const args = ['--conditions=trivium-source', generator, '--check']
    listed.push({ name: 'generated reference is up to date', command: projectNode, args })
  }
  return listed
}
