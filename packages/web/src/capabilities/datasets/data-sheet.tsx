import {
  type DataSheet,
  exportDataSheet,
  getDataSheet,
  type SheetPart,
  sheetQuestions,
  writeSheetPart,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { useClient } from '../../data/data-context.tsx'
import { QueryView } from '../../data/query-view.tsx'
import { Button } from '../../ui/button.tsx'
import { TextArea } from '../../ui/field.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Markdown } from '../../ui/markdown.tsx'
import { Claim } from '../../ui/page-header.tsx'
import { Section } from '../../ui/section.tsx'
import { StateGlyph } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'
import { UrnLink } from '../../ui/urn-link.tsx'

interface SheetViewProps {
  readonly project: string
  readonly dataset: string
  readonly version: number
}

/** The data sheet of a version: what records say, and what only people can write. */
export function DataSheetView(params: SheetViewProps) {
  const client = useClient()
  const query = useContractQuery(getDataSheet, { params })
  return (
    <QueryView query={query} what="the data sheet" shape="text" permission="dataset:read">
      {(sheet) => {
        const unwritten = sheet.parts.filter(({ text }) => text === '')
        return (
          <>
            <Claim>
              {unwritten.length === 0
                ? 'Every part is written.'
                : `Nobody has written ${unwritten.map(({ part }) => part).join(', ')}; the rest comes from records.`}
            </Claim>
            <div className="row mt-8" style={{ gap: 12 }}>
              {(['markdown', 'json'] as const).map((format) => (
                <a
                  key={format}
                  className="link"
                  download
                  href={client.url(exportDataSheet, { params, query: { format } })}
                >
                  Export as {format === 'json' ? 'JSON' : 'Markdown'}
                </a>
              ))}
            </div>
            <Parts {...params} sheet={sheet} names={['motivation', 'collection']} />
            <Section title="Composition" note="statistics of each column stand in the tab Profile">
              <p className="prose">{composed(sheet)}</p>
            </Section>
            <Section title="Origin">
              <p>
                Added <Time at={sheet.origin.addedAt} /> by {sheet.origin.addedByName}
                {sheet.origin.mode === 'append' ? ', appended to the version before' : ''}
                {sheet.origin.note === '' ? '.' : `: ${sheet.origin.note}`}
              </p>
              <Urns
                rows={sheet.origin.madeFrom.map(({ urn, as }) => ({ urn, word: as.replaceAll('-', ' ') }))}
                none="Nothing is on record that it was made from."
              />
            </Section>
            <Section
              title="Checks"
              note={sheet.checks.length === 0 ? undefined : formatPlural(sheet.checks.length, 'check')}
            >
              {sheet.checks.length === 0 && <p className="t2">No check is declared.</p>}
              <ul className="stack gap-4">
                {sheet.checks.map((one) => (
                  <li key={JSON.stringify(one.check)} className="row">
                    <StateGlyph kind={one.passed ? 'ok' : 'warn'} label={one.passed ? 'passed' : 'not passed'} />
                    {one.message}
                  </li>
                ))}
              </ul>
            </Section>
            <Parts {...params} sheet={sheet} names={['uses', 'limits']} />
            <Section
              title="Used by"
              note={sheet.moreUses ? `${sheet.usedBy.length} and more` : formatPlural(sheet.usedBy.length, 'thing')}
            >
              <Urns
                rows={sheet.usedBy.map(({ urn, kind }) => ({ urn, word: kind.replaceAll('-', ' ') }))}
                none="Nothing on record uses it."
              />
            </Section>
            <Parts {...params} sheet={sheet} names={['licence', 'consent', 'maintenance', 'contact']} />
          </>
        )
      }}
    </QueryView>
  )
}

function composed({ composition, owners }: DataSheet): string {
  const { columns, rows, subjectColumn, label, redacted } = composition
  const named = (some: typeof columns) => some.map(({ name }) => name).join(', ')
  const personal = columns.filter((one) => one.personal)
  const sealed = columns.filter((one) => one.sealed)
  const missing = columns.filter((one) => (one.missing ?? 0) > 0)
  return [
    `${formatPlural(rows, 'row')} of ${formatPlural(columns.length, 'column')}.`,
    personal.length === 0 ? 'No column is declared as personal.' : `Personal: ${named(personal)}.`,
    ...(subjectColumn === null ? [] : [`Rows are about persons, told apart by ${subjectColumn}.`]),
    ...(sealed.length === 0 ? [] : [`Sealed with a key for each person: ${named(sealed)}.`]),
    ...(redacted ? [`Personal values of ${formatPlural(redacted.rows, 'row')} were erased.`] : []),
    missing.length === 0 ? 'No value is missing.' : `Values are missing in ${named(missing)}.`,
    ...(label ? [`The label is ${label.column}, with ${formatPlural(label.classes.length, 'class', 'classes')}.`] : []),
    owners
      ? `Produced by ${owners.producer}, maintained by ${owners.maintainer}; ${owners.quality} answers for quality.`
      : 'Nobody is named as owner.',
  ].join(' ')
}

function Urns({ rows, none }: { readonly rows: readonly { urn: string; word: string }[]; readonly none: string }) {
  if (rows.length === 0) return <p className="t2 mt-4">{none}</p>
  return (
    <ul className="stack gap-4 mt-4">
      {rows.map(({ urn, word }) => (
        <li key={`${urn}/${word}`} className="sm">
          <UrnLink urn={urn} /> <span className="t2">{word}</span>
        </li>
      ))}
    </ul>
  )
}

interface PartsProps extends SheetViewProps {
  readonly sheet: DataSheet
  readonly names: readonly SheetPart['part'][]
}

function Parts({ sheet, names, ...place }: PartsProps) {
  return names.map((name) => {
    const part = sheet.parts.find((one) => one.part === name)
    return part && <Part key={`${name}-${part.revision}`} {...place} part={part} />
  })
}

/** A part that only people can write, with who wrote it and when. */
function Part({ project, dataset, version, part }: SheetViewProps & { readonly part: SheetPart }) {
  const [draft, setDraft] = useState<string>()
  const save = useContractMutation(writeSheetPart, { invalidates: [getDataSheet], onDone: () => setDraft(undefined) })
  const title = part.part.charAt(0).toUpperCase() + part.part.slice(1)
  const question = sheetQuestions[part.part]
  if (draft === undefined)
    return (
      <Section
        title={title}
        end={
          <Button look="link" size="small" onClick={() => setDraft(part.text)}>
            {part.text === '' ? `Write ${part.part}` : `Edit ${part.part}`}
          </Button>
        }
      >
        {part.text === '' ? (
          <p className="t3 mt-4">{question}</p>
        ) : (
          <>
            <Markdown text={part.text} top={3} />
            <p className="t3 sm">
              {part.byName}, <Time at={part.at ?? 0} />
              {part.version !== null && part.version !== version && `, when v${part.version} was the newest`}
            </p>
          </>
        )}
      </Section>
    )
  return (
    <Section title={title} note="Markdown">
      <TextArea
        label={question}
        rows={5}
        maxLength={20_000}
        value={draft}
        error={save.error?.detail}
        onChange={(event) => setDraft(event.target.value)}
      />
      <div className="row mt-8">
        <Button
          look="primary"
          pending={save.isPending}
          onClick={() =>
            save.mutate({ params: { project, dataset, part: part.part }, body: { text: draft, after: part.revision } })
          }
        >
          Save {part.part}
        </Button>
        <Button look="quiet" onClick={() => setDraft(undefined)}>
          Discard
        </Button>
      </div>
    </Section>
  )
}
