import type { PatternNode } from '@trivium/contract/text-pattern'

/** A pattern as Postgres writes it, so that `text ~ pattern` says what the matcher says. Every character is written by its number. */
export function postgresPattern(node: PatternNode): string {
  switch (node.kind) {
    case 'start':
      return '^'
    case 'end':
      return '$'
    case 'set': {
      if (node.ranges.length === 0) return '.'
      const [first] = node.ranges
      if (!node.negated && node.ranges.length === 1 && first && first[0] === first[1]) return point(first[0])
      const ranges = node.ranges.map(([from, to]) => (from === to ? point(from) : `${point(from)}-${point(to)}`))
      return `[${node.negated ? '^' : ''}${ranges.join('')}]`
    }
    case 'sequence':
      return `(?:${node.parts.map(postgresPattern).join('')})`
    case 'choice':
      return `(?:${node.parts.map(postgresPattern).join('|')})`
    case 'repeat':
      return `(?:${postgresPattern(node.part)})${timesOf(node.min, node.max)}`
  }
}

function timesOf(min: number, max: number | null): string {
  return max === null ? (min === 0 ? '*' : min === 1 ? '+' : `{${min},}`) : `{${min},${max}}`
}

const point = (code: number): string =>
  code > 0xffff ? `\\U${code.toString(16).padStart(8, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
