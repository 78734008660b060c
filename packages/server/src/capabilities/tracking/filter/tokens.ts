import { trackingErrors } from '../errors.ts'
import { type Token, tokenize } from './tokenize.ts'

/** The words of a filter, read from left to right. */
export interface Tokens {
  /** Where the reader stands. */
  at: number
  readonly all: readonly Token[]
  readonly peek: (ahead?: number) => Token | undefined
  readonly isWord: (token: Token | undefined, ...words: string[]) => boolean
  readonly isSymbol: (token: Token | undefined, ...texts: string[]) => boolean
  readonly takeSymbol: (text: string) => void
  /** The error of a filter that is none, with the words around the place. */
  readonly invalid: (why?: string) => Error
  /** An error in other words, about the word where the reader stands. */
  readonly wrong: (message: string, token?: Token) => Error
}

export function tokensOf(filter: string): Tokens {
  const all = tokenize(filter)
  const placeOf = (token: Token | undefined): [number, number] =>
    token ? [token.from, token.from + token.text.length] : [filter.length, filter.length]
  const tokens: Tokens = {
    at: 0,
    all,
    peek: (ahead = 0) => all[tokens.at + ahead],
    isWord: (token, ...words) =>
      token?.kind === 'name' && token.parts.length === 1 && words.includes((token.parts[0] as string).toUpperCase()),
    isSymbol: (token, ...texts) => token?.kind === 'symbol' && texts.includes(token.text),
    takeSymbol: (text) => {
      if (!tokens.isSymbol(all[tokens.at], text)) throw tokens.invalid(`"${text}" is expected`)
      tokens.at += 1
    },
    invalid: (why) =>
      trackingErrors.BAD_FILTER(
        `Invalid clause(s) in filter string: ${all
          .slice(Math.max(0, tokens.at - 1), tokens.at + 3)
          .map((t) => t.text)
          .join(' ')}${why ? ` (${why})` : ''}`,
        placeOf(all[tokens.at]),
      ),
    wrong: (message, token = all[tokens.at]) => trackingErrors.BAD_FILTER(message, placeOf(token)),
  }
  return tokens
}
