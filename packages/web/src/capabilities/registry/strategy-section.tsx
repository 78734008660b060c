import { getModelStrategy, type ModelStrategy } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { Facts } from '../../ui/facts.tsx'
import { Section } from '../../ui/section.tsx'

const protectors = {
  'deployment:write': 'maintainers',
  'inbox:decide': 'approvers',
  'project:admin': 'administrators',
} as const

const words = (strategy: ModelStrategy): { label: string; value: string }[] => [
  ...(strategy.names.length > 0 ? [{ label: 'Names', value: strategy.names.join(' or ') }] : []),
  ...(strategy.tags.length > 0
    ? [
        {
          label: 'Tags',
          value: strategy.tags.map(({ key, values }) => (values ? `${key}: ${values.join(' or ')}` : key)).join(', '),
        },
      ]
    : []),
  ...(strategy.require.length > 0 ? [{ label: 'Mandatory', value: strategy.require.join(', ') }] : []),
  ...(strategy.formats ? [{ label: 'Formats', value: strategy.formats.join(' or ') }] : []),
  ...(strategy.forbidPickle ? [{ label: 'Pickles', value: 'refused' }] : []),
  ...(strategy.protected ?? []).map(({ alias, permission, approval, reason }) => ({
    label: `${alias} is set by`,
    value: [
      protectors[permission],
      ...(approval ? ['after an approval'] : []),
      ...(reason ? ['with a reason'] : []),
    ].join(', '),
  })),
  ...(strategy.aliases ? [{ label: 'Labels', value: ['champion', 'challenger', ...strategy.aliases].join(', ') }] : []),
  ...(strategy.labelNew ? [{ label: 'A new version', value: 'is challenger' }] : []),
  ...(strategy.replacement.length > 0
    ? [{ label: 'To become champion', value: strategy.replacement.map((one) => `${one} passed`).join(' and ') }]
    : []),
]

/** What the project asks of its models; nothing where it asks for nothing. */
export function StrategySection({ project }: { readonly project: string }) {
  const strategy = useContractQuery(getModelStrategy, { params: { project } })
  const facts = strategy.data ? words(strategy.data) : []
  if (facts.length === 0) return null
  return (
    <Section title="Strategy" note="enforced when a version is registered or becomes champion">
      <Facts facts={facts} />
    </Section>
  )
}
