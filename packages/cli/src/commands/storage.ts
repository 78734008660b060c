import { setTimeout as sleep } from 'node:timers/promises'
import {
  collectStorage,
  explainContent,
  getStorage,
  getStorageCollection,
  scrubStorage,
  type StorageCollection,
  type StorageScrub,
} from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { configOf, progress, withPlace } from '../server-place.ts'
import { FailedError } from '../fail.ts'
import { amountText, bytesText, countText, tableText, timeText } from '../output.ts'
import type { Terminal } from '../terminal.ts'
import { storagePlaceCommands } from './storage-place.ts'

const lookMs = 300

/** `trivium storage usage|collect|scrub|why|move|place` */
export function storageCommands(program: Command, terminal: Terminal): void {
  const group = program
    .command('storage')
    .description('Storage: the object store, what it holds, and what it can let go.')
  storagePlaceCommands(group, terminal)
  onAction(
    terminal,
    group.command('usage').description('What uses space, by project and kind; the last collection; what is damaged.'),
    async ({ client, show }) => {
      show(await client.call(getStorage, {}), ({ place, use, totals, collections, damages, scrubs }) => {
        const checked = scrubs.find(({ state }) => state === 'finished')
        const total = totals.reduce((sum, { bytes }) => sum + bytes, 0)
        const last = collections.find(({ state, dryRun }) => state === 'finished' && !dryRun)
        return [
          `${bytesText(total)} in ${place}`,
          '',
          tableText(
            ['project', 'held by', 'how many', 'contents', 'size'],
            use.map((one) => [one.project, one.kind, one.owners, one.contents, bytesText(one.bytes)]),
          ),
          '',
          last
            ? `Last collected ${timeText(last.finishedAt)}: ${sentenceOf(last)}`
            : 'Nothing was collected yet. Look what it would do: trivium storage collect --dry-run',
          checked
            ? `Last checked ${timeText(checked.finishedAt)}: ${checkedText(checked)}`
            : 'Not all content was checked yet: trivium storage scrub',
          ...damages.map(
            ({ project, digest, why, owners }) =>
              `DAMAGED  ${digest.slice(0, 12)}… of project ${project}: ${why}. Held by ${owners.map(({ urn }) => urn).join(', ') || 'nobody'}.`,
          ),
        ].join('\n')
      })
    },
  )
  onAction(
    terminal,
    group
      .command('collect')
      .option('--dry-run', 'only counts', false)
      .description(
        'Sets content aside that nothing refers to, and removes what was set aside long enough ago; waits for the end.',
      ),
    async ({ client, options, show }) => {
      let now = await client.call(collectStorage, { body: { dryRun: options['dryRun'] === true } })
      while (now.state === 'queued' || now.state === 'running') {
        await sleep(lookMs, undefined, { signal: terminal.signal })
        now = await client.call(getStorageCollection, { params: { collection: now.id } })
      }
      if (now.state === 'failed') throw new FailedError(`The collection failed: ${now.error ?? 'the log says why'}`)
      show(now, sentenceOf)
    },
  )
  onAction(
    terminal,
    group
      .command('scrub')
      .description(
        'Reads all content now and compares it with its digest; waits for the end. Ends with 1 when some is damaged.',
      ),
    async ({ client, show }) => {
      const begun = await client.call(scrubStorage, {})
      let now: StorageScrub = begun
      while (now.state === 'queued' || now.state === 'running') {
        await sleep(lookMs, undefined, { signal: terminal.signal })
        now = (await client.call(getStorage, {})).scrubs.find(({ id }) => id === begun.id) ?? now
      }
      if (now.state === 'failed') throw new FailedError(`The check failed: ${now.error ?? 'the log says why'}`)
      show(now, checkedText)
      if (now.damaged > 0)
        throw new FailedError(`${amountText(now.damaged, 'content is', 'contents are')} damaged: trivium storage usage`)
    },
  )
  onAction(
    terminal,
    withPlace(group.command('move'))
      .requiredOption('--to <place>', 's3://BUCKET/PREFIX, with the storage settings of the configuration; or local')
      .description(
        'Copies all content of a stopped server to another store, checked on both sides; goes on where an earlier move ended. Ends with 1 when something that is referred to is not there. The old place stays.',
      ),
    async (work) => {
      const { moveContent } = await import('@trivium/server')
      const wanted = String(work.options['to'])
      const config = await configOf(work)
      const target = await configOf(work, { storageUrl: wanted === 'local' ? '' : wanted })
      const moved = await moveContent(config, target.storageUrl, { onProgress: progress(work) })
      work.show(
        moved,
        ({ copied, there, bytes, from, to, next }) =>
          `${amountText(copied, 'content')} (${bytesText(bytes)}) copied from ${from} to ${to}, ${countText(there)} were there. ${next}`,
      )
      if (moved.missing.length > 0)
        throw new FailedError(
          `${amountText(moved.missing.length, 'content is', 'contents are')} missing in the new place: ${moved.missing.map(({ project, digest, why }) => `${digest.slice(0, 12)}… of ${project}, ${why}`).join('; ')}`,
        )
    },
  )
  onAction(
    terminal,
    group
      .command('why')
      .argument('<digest>', 'SHA-256 of the content')
      .description('What holds a content; while something does, it is not collected.'),
    async ({ client, project, show }, digest: string) => {
      show(await client.call(explainContent, { params: { project, digest } }), ({ stored, owners }) =>
        owners.length === 0
          ? 'Nothing holds it. The collections to come will set it aside and remove it.'
          : [
              tableText(
                ['held by', 'since'],
                owners.map(({ urn, since }) => [urn, timeText(since)]),
              ),
              ...(stored ? [] : ['', 'It is NOT stored. Restore it from a backup, or store the same content again.']),
            ].join('\n'),
      )
    },
  )
}

const checkedText = ({ contents, bytes, damaged }: StorageScrub): string =>
  `${amountText(contents, 'content')} (${bytesText(bytes)}) read, ${damaged === 0 ? 'none' : countText(damaged)} damaged.`

/** What a collection did, or would do. */
function sentenceOf(one: StorageCollection): string {
  const would = one.dryRun ? 'would be ' : ''
  const part = (count: number, bytes: number, what: string): string =>
    `${amountText(count, 'content')} (${bytesText(bytes)}) ${would}${what}`
  return [
    `${countText(one.contents)} looked at (${bytesText(one.bytes)}).`,
    `${part(one.setAside, one.setAsideBytes, 'set aside')};`,
    `${part(one.removed, one.removedBytes, 'removed')};`,
    `${part(one.broughtBack, one.broughtBackBytes, 'brought back')};`,
    `${amountText(one.waiting, 'content')} set aside before (${bytesText(one.waitingBytes)}) and ${amountText(one.young, 'young one')} without an owner wait.`,
  ].join(' ')
}
