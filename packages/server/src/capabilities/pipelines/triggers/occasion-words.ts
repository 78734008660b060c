import type { SealedEvent } from '@trivium/contract'
import { parseUrn } from '../../../kernel/ids/index.ts'

const words = (value: unknown): string => (typeof value === 'string' ? value.replaceAll('-', ' ') : '')
const upper = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** What happened, in a sentence that begins the story of a run: `Log loss of arrival-delay degraded.` */
export function occasionWords({ name, subject, data }: SealedEvent): string {
  const parts = parseUrn(subject)
  const thing = parts ? `${parts.id}${parts.version === undefined ? '' : ` v${parts.version}`}` : subject
  const features = Array.isArray(data['features']) ? data['features'].join(', ') : ''
  const metric = upper(words(data['metric']))
  switch (name) {
    case 'monitor.drifted':
      return `On monitor ${thing} ${features || 'a feature'} drifted.`
    case 'monitor.degraded':
      return `${metric || 'Performance'} of monitor ${thing} degraded.`
    case 'monitor.persists':
      return data['kind'] === 'performance'
        ? `${metric || 'Performance'} of monitor ${thing} is still degraded.`
        : `On monitor ${thing} ${features || 'a feature'} is still drifted.`
    case 'alert.opened':
      return `Alert: ${String(data['title'] ?? thing)}.`
    case 'dataset.version-added':
      return `Dataset ${thing} arrived.`
    default:
      return `${upper(words(parts?.kind))} ${thing} ${words(name.split('.').at(-1))}.`
  }
}
