import {
  clearContentPlace,
  type ContentPlace,
  type ContentPlaces,
  getContentPlaces,
  testContentPlace,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { QueryView } from '../../data/query-view.tsx'
import { usePermission } from '../../data/session.ts'
import { Button } from '../../ui/button.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { Value } from '../../ui/value.tsx'
import { ContentPlaceForm } from './content-place-form.tsx'

const kindWords = {
  s3: 'bucket',
  oci: 'container registry',
  http: 'binary repository',
  postgres: 'Postgres database',
} as const

/** Where the project keeps its content, how much lies in each place, and the choice of another. */
export function ContentPlacesPanel({ project }: { readonly project: string }) {
  const places = useContractQuery(getContentPlaces, { params: { project } }, { refetchInterval: 30_000 })
  const mayChoose = usePermission(project, 'project:admin')
  const [choosing, setChoosing] = useState(false)
  const test = useContractMutation(testContentPlace)
  const clear = useContractMutation(clearContentPlace, { invalidates: [getContentPlaces] })
  const error = test.error ?? clear.error
  const current = places.data?.places.some((one) => one.current) === true
  return (
    <QueryView query={places} what="the places of content" permission="project:read">
      {(data) => (
        <>
          <Section
            title="Content of this project"
            note={sentenceOf(data)}
            end={
              mayChoose === true && (
                <span className="row">
                  {current && (
                    <>
                      <Button
                        size="small"
                        pending={test.isPending}
                        onClick={() => test.mutate({ params: { project } })}
                      >
                        Test the place
                      </Button>
                      <Button
                        size="small"
                        pending={clear.isPending}
                        onClick={() => clear.mutate({ params: { project } })}
                      >
                        Back to the own store
                      </Button>
                    </>
                  )}
                  {!choosing && (
                    <Button size="small" onClick={() => setChoosing(true)}>
                      Choose a place…
                    </Button>
                  )}
                </span>
              )
            }
          >
            <PlacesTable places={data} />
            {error && (
              <p className="field-error mt-8" role="alert">
                {error.detail}
              </p>
            )}
            {current && test.data && (
              <p className={test.data.ok ? 't2 mt-8' : 'field-error mt-8'} role="status">
                {test.data.found} {test.data.ok && `It took ${test.data.ms} ms.`}
              </p>
            )}
          </Section>
          {choosing && <ContentPlaceForm project={project} onDone={() => setChoosing(false)} />}
        </>
      )}
    </QueryView>
  )
}

function sentenceOf({ places }: ContentPlaces): string {
  const current = places.find((one) => one.current)
  return `what is new goes to ${current ? `a ${kindWords[current.kind]}` : 'the object store of this instance'}; what was stored before stays where it is`
}

interface Row {
  readonly id: string
  readonly contents: number
  readonly bytes: number
  readonly place?: ContentPlace
}

function PlacesTable({ places: { own, places } }: { readonly places: ContentPlaces }) {
  const rows: Row[] = [
    ...places.map((place) => ({ id: place.id, contents: place.contents, bytes: place.bytes, place })),
    { id: 'own', ...own },
  ]
  return (
    <DataTable
      label="Places of content"
      rows={rows}
      rowKey={(row) => row.id}
      columns={[
        {
          id: 'place',
          head: 'Place',
          cell: ({ place }) =>
            place ? <span className="m">{place.address}</span> : <span>the object store of this instance</span>,
        },
        { id: 'kind', head: 'Is', cell: ({ place }) => (place ? kindWords[place.kind] : 'own store') },
        {
          id: 'use',
          head: 'Use',
          cell: ({ place }) => <Use place={place} current={places.some((one) => one.current)} />,
        },
        {
          id: 'contents',
          head: 'Contents',
          align: 'right',
          cell: (row) => <Value value={row.contents} form="count" />,
        },
        { id: 'bytes', head: 'Size', align: 'right', cell: (row) => <Value value={row.bytes} form="bytes" /> },
        {
          id: 'set',
          head: 'Set',
          cell: ({ place }) =>
            place && (
              <>
                <Time at={place.setAt} show="age" /> <span className="t2">by {place.setByName}</span>
              </>
            ),
        },
      ]}
    />
  )
}

function Use({ place, current }: { readonly place: ContentPlace | undefined; readonly current: boolean }) {
  if (place && place.damaged > 0)
    return <State kind="bad">{formatPlural(place.damaged, 'content')} damaged: store the same again</State>
  const words = (place ? place.current : !current) ? 'gets what is new' : 'is read'
  return place && place.removing > 0 ? (
    <State kind="warn">
      {words}; {formatPlural(place.removing, 'content')} being removed
    </State>
  ) : (
    <span>{words}</span>
  )
}
