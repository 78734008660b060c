import type { Evidence } from '@trivium/contract'
import { EntityLink } from '../../ui/entity-link.tsx'
import { parseUrn } from '../../ui/entity-url.ts'
import { StateGlyph } from '../../ui/state.tsx'

/** Evidence as rows where it is a list of Evidence records, else as the JSON that was handed over. */
export function InboxEvidence({ evidence }: { readonly evidence: unknown }) {
  const records = recordsOf(evidence)
  if (records.length === 0) {
    if (evidence === null || evidence === undefined) return <p className="t2">Nothing was attached.</p>
    return <pre className="well mono inbox-evidence">{JSON.stringify(evidence, null, 2)}</pre>
  }
  return (
    <ul className="stack gap-8">
      {records.map((record) => (
        <li key={record.digest} className="row">
          <StateGlyph
            kind={record.verdict === 'passed' ? 'ok' : record.verdict === 'failed' ? 'bad' : 'none'}
            label={record.verdict === 'info' ? 'information' : record.verdict}
          />
          <span className="grow">
            {record.summary}
            <span className="sm t2" style={{ display: 'block' }}>
              {record.kind}
              {record.subjects.map((text) => {
                const subject = parseUrn(text)
                return subject ? (
                  <span key={text}>
                    {', '}
                    <EntityLink
                      kind={subject.kind}
                      name={subject.name}
                      id={subject.id}
                      version={subject.version}
                      look="name"
                    />
                  </span>
                ) : null
              })}
            </span>
          </span>
        </li>
      ))}
    </ul>
  )
}

function recordsOf(evidence: unknown): Evidence[] {
  const candidates = Array.isArray(evidence)
    ? evidence
    : typeof evidence === 'object' && evidence !== null && 'evidence' in evidence && Array.isArray(evidence.evidence)
      ? evidence.evidence
      : []
  return candidates.filter(
    (one): one is Evidence =>
      typeof one === 'object' && one !== null && 'summary' in one && 'verdict' in one && 'digest' in one,
  )
}
