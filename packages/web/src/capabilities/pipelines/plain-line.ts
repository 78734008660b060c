const escape = String.fromCharCode(27)
const sequences = new RegExp(
  `${escape}(\\[[0-?]*[ -/]*[@-~]|\\][^${escape}\\u0007]*(\\u0007|${escape}\\\\)?|[@-Z\\\\^_])`,
  'g',
)

/** A line of a log without the colours, links and movements that programs write for terminals (ECMA-48, sections 5.3 to 5.6). */
export const plainLine = (text: string): string => text.replaceAll(sequences, '')
