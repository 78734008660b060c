import { DatasetCheck, type DatasetVersion } from '@trivium/contract'
import { values } from '../../kernel/libraries/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { Relation, StepKind, TableColumn } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import { digestOf, parseUrn } from '../../kernel/ids/index.ts'
import type { Datasets } from './datasets.ts'
import { maskChecks } from './mask-statistics.ts'
import { runChecks } from './run-checks.ts'

/** Step kind `validate`: judges the declared checks, and those in `with.checks`, over the rows that the version in input `dataset` brought. Blocking failures fail the step. */
export function validateStep({ datasets, tables }: { datasets: Datasets; tables: Kernel['tables'] }): StepKind {
  return {
    kind: 'validate',
    caching: 'content',
    check: (configuration) => [
      ...Object.keys(configuration)
        .filter((key) => key !== 'checks')
        .map((key) => `validate knows no setting "${key}"; it takes "checks".`),
      ...badChecks(configuration['checks'] ?? []),
    ],
    run: async (context, configuration) => {
      const input = context.inputs['dataset']
      const parts = input?.urn === undefined ? undefined : parseUrn(input.urn)
      if (parts?.kind !== 'dataset' || parts.version === undefined)
        throw new Error('Step kind validate needs an input named "dataset", such as dataset:flights@latest.')
      const { scope } = context
      const { version, profile } = await datasets.version(scope, parts.id, Number(parts.version))
      const declared = (await datasets.get(scope, parts.id)).checks
      const extra = (configuration['checks'] ?? []) as DatasetCheck[]
      const checks = [...declared, ...extra]
      const found = await checkedRows(datasets, scope, version, (rows) =>
        runChecks({ tables }, { checks, profile, eventTime: context.asOf, ...rows }),
      )
      // Logs, reports and evidence are read by everybody.
      const results = maskChecks(await datasets.personal(scope), found)
      for (const result of results)
        context.log(
          `${result.passed ? 'passed' : result.check.severity === 'block' ? 'FAILED' : 'warning'}: ${result.message}`,
        )
      const failures = results.filter((result) => !result.passed && result.check.severity === 'block')
      if (failures.length > 0)
        throw new Error(
          `${version.name} version ${version.version} is not valid: ${failures.map((failure) => failure.message).join(' ')}`,
        )
      const report = {
        dataset: version.urn,
        digest: version.digest,
        rows: profile.rows,
        results: results.map(({ check, passed, message }) => ({ kind: check.kind, passed, message })),
      }
      const summary = `${version.name} v${version.version} passed ${results.filter((r) => r.passed).length} of ${results.length} checks over ${profile.rows.toLocaleString('en-GB')} new rows.`
      const digest = digestOf(report)
      return {
        outputs: { dataset: input as NonNullable<typeof input>, report: { kind: 'value', digest, value: report } },
        refs: [{ rel: 'input', urn: version.urn, as: 'validated' }],
        evidence: [
          {
            kind: 'data',
            verdict: results.every((r) => r.passed) ? 'passed' : 'info',
            summary,
            at: context.asOf,
            by: scope.principal.id,
            subjects: [version.urn],
            digest,
            data: report,
          },
        ],
      }
    },
  }
}

/** Checks look at values as they are, whoever has them run: what they find is masked. */
async function checkedRows<Found>(
  datasets: Datasets,
  scope: Scope,
  { name, version, columns }: DatasetVersion,
  check: (rows: { columns: TableColumn[]; relation: Relation; whole: Relation }) => Promise<Found>,
): Promise<Found> {
  const added = await datasets.opened(scope, name, version, { added: true, always: true })
  try {
    const whole = await datasets.opened(scope, name, version, { always: true })
    try {
      return await check({
        columns: whole.typed(columns),
        relation: added.relation,
        whole: whole.relation,
      })
    } finally {
      await whole.release()
    }
  } finally {
    await added.release()
  }
}

const CheckKind = new Map(DatasetCheck.anyOf.map((one) => [one.properties.kind.const as string, one]))

/** Checks are written by hand: each mistake is named by its place. */
function badChecks(checks: unknown): string[] {
  if (!Array.isArray(checks)) return ['validate takes "checks" as a list.']
  return checks.flatMap((check: unknown, index) => {
    const kind = (check as { kind?: unknown } | null)?.kind
    const schema = CheckKind.get(String(kind))
    if (!schema) return [`checks[${index}] has kind "${String(kind)}"; known are ${[...CheckKind.keys()].join(', ')}.`]
    return [...values().Errors(schema, check)].map(
      ({ instancePath, message }) =>
        `checks[${index}]${instancePath.replaceAll('/', '.')} (${String(kind)}): ${message}.`,
    )
  })
}
