import { listEvents, type SealedEvent } from '@trivium/contract'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { kindIcon, kindWord } from '../../ui/entity-kinds.ts'
import { useUiEnvironment } from '../../ui/environment.tsx'
import { formatCount } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { Time } from '../../ui/time.tsx'
import { eventWords, toldEvents } from './event-words.tsx'

/** What happened last, in words, newest first; new events appear by themselves. */
export function EventList({ project }: { readonly project: string }) {
  const { eventNow } = useUiEnvironment()
  const query = useContractQuery(listEvents, { params: { project }, query: { limit: 30, name: toldEvents } })
  return (
    <Section title="Events" note={query.data && `live, ${formatCount(query.data.head)} in all`}>
      <QueryView query={query} what="the events" permission="event:read" rows={10}>
        {({ events }) =>
          events.length === 0 ? (
            <p className="t2 mt-4">Nothing happened yet.</p>
          ) : (
            <ul className="home-events" aria-label="Events, newest first">
              {events
                .filter(isTold)
                .slice(0, 18)
                .map((event) => {
                  const { kind, words } = eventWords(event)
                  const Icon = kindIcon(kind)
                  const inReplay = eventNow !== undefined && event.eventTime !== null
                  return (
                    <li key={event.id}>
                      <span className="t3 sm">
                        {inReplay ? <Time at={event.eventTime} clock="event" show="day" /> : <Time at={event.at} />}
                      </span>
                      <Icon className="ic s t3" role="img" aria-label={kindWord(kind)} />
                      <span className="t2">{words}</span>
                    </li>
                  )
                })}
            </ul>
          )
        }
      </QueryView>
    </Section>
  )
}

/** An alert asks to be acknowledged at the moment at which it opens; that is told once. */
function isTold(event: SealedEvent): boolean {
  return event.name !== 'inbox.opened' || event.data['kind'] !== 'acknowledgement'
}
