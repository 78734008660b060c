/** A name as DuckDB's SQL quotes it. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`

/** A text literal. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** A list of text literals. */
export const quoteTexts = (texts: readonly string[]): string => `[${texts.map(quoteText).join(', ')}]`
