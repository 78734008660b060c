import { getLineage, searchEntities } from '@trivium/contract'
import type { Command } from 'commander'
import { onAction } from '../command.ts'
import { tableText, timeText } from '../output.ts'
import { wholeNumber } from '../parse.ts'
import type { Terminal } from '../terminal.ts'

/** `trivium lineage` and `trivium search` */
export function lineageCommands(program: Command, terminal: Terminal): void {
  onAction(
    terminal,
    program
      .command('lineage')
      .argument('<urn>', 'trivium://PROJECT/KIND/ID@VERSION')
      .option('--back <steps>', 'how far back', wholeNumber)
      .option('--forward <steps>', 'how far forward', wholeNumber)
      .description('Shows what something was made from and what followed from it.'),
    async ({ client, project, options, show }, urn: string) => {
      const { back, forward } = options as { back?: number; forward?: number }
      const query = { urn, ...(back === undefined ? {} : { back }), ...(forward === undefined ? {} : { forward }) }
      show(await client.call(getLineage, { params: { project }, query }), ({ nodes }) =>
        tableText(
          ['steps', 'kind', 'name', 'fact', 'at', 'urn'],
          nodes
            .toSorted((a, b) => a.depth - b.depth || (a.at ?? 0) - (b.at ?? 0))
            .map((n) => [
              n.depth,
              n.kind,
              `${n.name}${n.version === null ? '' : ` v${n.version}`}`,
              n.fact,
              timeText(n.at),
              n.urn,
            ]),
        ),
      )
    },
  )
  onAction(
    terminal,
    program
      .command('search')
      .argument('<text...>', 'part of a name, id or tag; m: r: d: narrow to models, runs, datasets')
      .description('Finds things in every project that you may read; with --project in one.'),
    async ({ client, options, show }, words: string[]) => {
      show(
        await client.call(searchEntities, {
          query: { q: words.join(' '), ...(options.project === undefined ? {} : { project: options.project }) },
        }),
        ({ hits }) =>
          tableText(
            ['kind', 'name', 'project', 'fact', 'at', 'urn'],
            hits.map((hit) => [
              hit.kind,
              `${hit.name}${hit.version === null ? '' : ` v${hit.version}`}`,
              hit.project,
              hit.fact,
              timeText(hit.at),
              hit.urn,
            ]),
          ),
      )
    },
  )
}
