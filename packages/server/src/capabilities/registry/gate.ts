import type { ComparisonData, Evidence } from '@trivium/contract'

/** One rule of a gate over the evidence of one kind. */
export type GateRule =
  /** The evidence is there and none of it failed. */
  | { readonly evidence: Evidence['kind']; readonly require: 'passed' }
  /** A comparison with the champion rules out a loss beyond the margin, or shows a gain. Without a champion there is nothing to lose. */
  | {
      readonly evidence: 'comparison'
      readonly require: 'not worse' | 'better'
      readonly metric?: string
      readonly margin?: number
    }
  /** A metric of an evaluation keeps to a bound. */
  | {
      readonly evidence: 'evaluation'
      readonly require: 'at least' | 'at most'
      readonly metric: string
      readonly value: number
    }

export interface GateCheck {
  readonly rule: GateRule
  readonly passed: boolean
  readonly reason: string
}

export interface GateVerdict {
  readonly passed: boolean
  /** One sentence: the first rule that failed, or why all passed. */
  readonly reason: string
  readonly checks: readonly GateCheck[]
}

/** Judges evidence by rules. Every rule has to pass; evidence that is missing or cannot tell yet fails it. */
export function judgeGate(rules: readonly GateRule[], evidence: readonly Evidence[]): GateVerdict {
  const checks = rules.map(
    (rule): GateCheck => ({
      rule,
      ...judgeRule(
        rule,
        evidence.filter((record) => record.kind === rule.evidence),
      ),
    }),
  )
  const failed = checks.filter((check) => !check.passed)
  const [first] = failed.length > 0 ? failed : checks
  const more = failed.length > 1 ? ` ${failed.length - 1} more ${failed.length === 2 ? 'rule' : 'rules'} failed.` : ''
  return {
    passed: checks.length > 0 && failed.length === 0,
    reason: first ? first.reason + more : 'The gate has no rule, so it passes nothing.',
    checks,
  }
}

/** An interval from fewer days says little about the next one, however many rows they have. */
const fewestDays = 5

function judgeRule(rule: GateRule, records: readonly Evidence[]): { passed: boolean; reason: string } {
  if (records.length === 0) return { passed: false, reason: `There is no ${rule.evidence} evidence to judge.` }
  if (rule.require === 'passed') {
    const failed = records.find((record) => record.verdict === 'failed')
    return failed ? { passed: false, reason: failed.summary } : { passed: true, reason: records.at(-1)?.summary ?? '' }
  }
  return rule.evidence === 'comparison' ? judgeComparison(rule, records) : judgeBound(rule, records)
}

function judgeComparison(
  rule: Extract<GateRule, { evidence: 'comparison'; require: 'not worse' | 'better' }>,
  records: readonly Evidence[],
): { passed: boolean; reason: string } {
  const found = records.findLast((record) => rule.metric === undefined || record.data['metric'] === rule.metric)
  if (!found) return { passed: false, reason: `No comparison of ${rule.metric} was made.` }
  const data = found.data as unknown as ComparisonData
  const { metric, difference, verdict } = data
  if (verdict === 'first model' || data.champion === null)
    return { passed: true, reason: 'There is no champion yet, so nothing can be lost.' }
  if (!difference || difference.value === null || difference.low === null || difference.high === null) {
    return {
      passed: false,
      reason: `Cannot judge yet whether ${metric} got worse: ${count(data.blocks, 'day')} and ${count(data.rows, 'row')} give no interval.`,
    }
  }
  if (data.blocks < fewestDays)
    return {
      passed: false,
      reason: `Cannot judge yet whether ${metric} got worse: ${count(data.blocks, 'day')} of ${fewestDays}.`,
    }
  const higher = data.direction === 'higher-is-better'
  // In terms of gain, whichever way the metric goes.
  const [gain, low, high] = higher
    ? [difference.value, difference.low, difference.high]
    : [-difference.value, -difference.high, -difference.low]
  const places = decimalsOf(difference.low, difference.high)
  const interval = `${metric} ${signed(difference.value, places)}, 95 % interval ${signed(difference.low, places)} to ${signed(difference.high, places)}, ${count(data.rows, 'row')} of ${count(data.blocks, 'day')}`
  if (rule.require === 'better') {
    return low > 0
      ? { passed: true, reason: `The candidate is better than the champion (${interval}).` }
      : { passed: false, reason: `The candidate is not shown to be better than the champion (${interval}).` }
  }
  const margin = rule.margin ?? data.margin
  if (low >= -margin) {
    return {
      passed: true,
      reason:
        low > 0
          ? `The candidate is better than the champion (${interval}).`
          : `A loss of more than ${number(margin)} is ruled out (${interval}).`,
    }
  }
  if (high < 0)
    return {
      passed: false,
      reason: `The candidate is worse than the champion (${interval}), more than the margin of ${number(margin)} allows to rule out.`,
    }
  return {
    passed: false,
    reason:
      gain < -margin
        ? `The candidate loses more than the margin of ${number(margin)} (${interval}).`
        : `A loss of more than ${number(margin)} cannot be ruled out (${interval}).`,
  }
}

function judgeBound(
  rule: Extract<GateRule, { evidence: 'evaluation'; require: 'at least' | 'at most' }>,
  records: readonly Evidence[],
): { passed: boolean; reason: string } {
  for (const record of records.toReversed()) {
    const metrics = record.data['metrics']
    const found = Array.isArray(metrics)
      ? (metrics as { metric?: unknown; value?: unknown }[]).find((one) => one.metric === rule.metric)?.value
      : isRecord(metrics)
        ? metrics[rule.metric]
        : undefined
    const value = isRecord(found) ? found['value'] : found
    if (typeof value !== 'number') continue
    const passed = rule.require === 'at least' ? value >= rule.value : value <= rule.value
    return {
      passed,
      reason: `${rule.metric} is ${number(value)}, ${passed ? 'which keeps to' : 'which misses'} the bound of ${rule.require} ${number(rule.value)}.`,
    }
  }
  return { passed: false, reason: `No evaluation gives ${rule.metric}.` }
}

/** What is wrong with a list of rules as somebody wrote it; empty when nothing is. */
export function checkRules(value: unknown): string[] {
  if (!Array.isArray(value) || value.length === 0)
    return ['gate needs "rules": a list such as [{ evidence: comparison, require: not worse, margin: 0.002 }].']
  return value.flatMap((rule: unknown, i) => {
    if (!isRecord(rule)) return [`rule ${i + 1} is no map.`]
    const { evidence, require, ...rest } = rule
    const known: Record<string, readonly string[]> = {
      'not worse': ['metric', 'margin'],
      better: ['metric'],
      passed: [],
      'at least': ['metric', 'value'],
      'at most': ['metric', 'value'],
    }
    const of = {
      'not worse': ['comparison'],
      better: ['comparison'],
      'at least': ['evaluation'],
      'at most': ['evaluation'],
      passed: ['evaluation', 'comparison', 'data', 'approval', 'gate', 'parity'],
    }[String(require)]
    if (!of) return [`rule ${i + 1}: "require" is one of ${Object.keys(known).join(', ')}, not "${String(require)}".`]
    if (!of.includes(String(evidence)))
      return [
        `rule ${i + 1}: "require: ${String(require)}" is about ${of.join(' or ')} evidence, not "${String(evidence)}".`,
      ]
    const unknown = Object.keys(rest)
      .filter((key) => !known[String(require)]?.includes(key))
      .map((key) => `rule ${i + 1}: "${key}" is not known with "require: ${String(require)}".`)
    if (rest['margin'] !== undefined && (typeof rest['margin'] !== 'number' || !(rest['margin'] >= 0)))
      unknown.push(`rule ${i + 1}: "margin" is a number of at least 0.`)
    if (
      of[0] === 'evaluation' &&
      of.length === 1 &&
      (typeof rest['metric'] !== 'string' || typeof rest['value'] !== 'number')
    )
      unknown.push(`rule ${i + 1}: "require: ${String(require)}" needs "metric" and a number "value".`)
    return unknown
  })
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const number = (value: number): string => String(Number(value.toPrecision(4)))
/** As many decimals as the interval deserves: two digits of its half width. */
const decimalsOf = (low: number, high: number): number | undefined =>
  high > low ? Math.min(8, Math.max(0, 1 - Math.floor(Math.log10((high - low) / 2)))) : undefined
const signed = (value: number, places?: number): string => {
  const text = places === undefined ? number(value) : value.toFixed(places)
  return value > 0 ? `+${text}` : text.replace('-', '−')
}
const count = (n: number, noun: string): string => `${n.toLocaleString('en-GB')} ${noun}${n === 1 ? '' : 's'}`
