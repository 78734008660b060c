import { cleanNotebook, readNotebook } from './clean-notebook.ts'

/** A notebook as text for people and for diffs: its cells one after the other with their source, without what they put out. Throws where it is none. */
export function notebookText(bytes: Uint8Array): string {
  const { notebook } = readNotebook(new TextEncoder().encode(cleanNotebook(bytes).text))
  const cells = notebook.cells.map(({ cell_type, metadata, source, attachments }) => {
    const text = typeof source === 'string' ? source : (source ?? []).join('')
    const files = Object.keys(attachments ?? {}).map((name) => `\n[attached: ${name}]`)
    return `%% ${cell_type}${described(metadata)}\n${text}${files.join('')}\n`
  })
  return [`%% notebook${described(notebook.metadata)}\n`, ...cells].join('\n')
}

const described = (metadata: Readonly<Record<string, unknown>> | undefined): string =>
  metadata === undefined || Object.keys(metadata).length === 0 ? '' : ` ${JSON.stringify(sorted(metadata))}`

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .toSorted(([one], [other]) => (one < other ? -1 : 1))
            .map(([key, inner]) => [key, sorted(inner)]),
        )
      : value
