import { getModelSignature, type ModelVersionDetail, signModelVersion, verifyModelVersion } from '@trivium/contract'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { useContractQuery } from '../../data/contract-query.ts'
import { Button } from '../../ui/button.tsx'
import { CodeExample } from '../../ui/code-example.tsx'
import { DataTable } from '../../ui/data-table.tsx'
import { Facts } from '../../ui/facts.tsx'
import { formatPlural } from '../../ui/format-number.ts'
import { Hash } from '../../ui/hash.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Time } from '../../ui/time.tsx'

/** The signature of a version, whether it still holds, and the documents that other tools read. */
export function ProvenanceTab({
  project,
  version,
}: {
  readonly project: string
  readonly version: ModelVersionDetail
}) {
  const params = { project, model: version.model, version: version.version }
  const signature = useContractQuery(getModelSignature, { params })
  const verify = useContractMutation(verifyModelVersion, { invalidates: [] })
  const sign = useContractMutation(signModelVersion, { invalidates: [getModelSignature] })
  const base = `/api/v1/projects/${encodeURIComponent(project)}/models/${encodeURIComponent(version.model)}/versions/${version.version}`
  const name = `${version.model}@${version.version}`
  const unsigned = signature.error !== null && signature.error !== undefined
  return (
    <>
      <Section
        title="Signature"
        note="over the names and SHA-256 of all files, made when it was registered"
        end={
          <span className="row">
            {unsigned && (
              <Button size="small" pending={sign.isPending} onClick={() => sign.mutate({ params })}>
                Sign
              </Button>
            )}
            <Button size="small" pending={verify.isPending} onClick={() => verify.mutate({ params })}>
              Verify now
            </Button>
          </span>
        }
      >
        {signature.data && (
          <Facts
            facts={[
              { label: 'Signed', value: <Time at={signature.data.signedAt} /> },
              { label: 'Key', value: <Hash value={signature.data.keyId} /> },
              { label: 'Form', value: 'OpenSSF model signature 1.0' },
            ]}
          />
        )}
        {unsigned && <p className="t2">{signature.error?.detail}</p>}
        {[verify.error, sign.error].map(
          (error) =>
            error && (
              <State key={error.detail} kind="bad">
                {error.detail}
              </State>
            ),
        )}
        {verify.data?.intact && (
          <p className="mt-8">
            <State kind="ok">{`${formatPlural(verify.data.files, 'file')} as signed`}</State>
          </p>
        )}
        {verify.data && !verify.data.intact && (
          <DataTable
            label="What differs"
            keys={false}
            density="compact"
            rows={verify.data.problems}
            rowKey={(one) => `${one.path}/${one.kind}`}
            columns={[
              { id: 'path', head: 'File', cell: (one) => <span className="mono">{one.path ?? '–'}</span> },
              { id: 'kind', head: 'What', cell: (one) => <State kind="bad">{one.kind}</State> },
              { id: 'detail', head: 'Detail', cut: true, cell: (one) => one.detail },
            ]}
          />
        )}
      </Section>
      <Section title="For other tools">
        <ul className="stack gap-8">
          <li>
            <a className="link" href={`${base}/provenance`} download={`${name}.prov.json`}>
              Lineage
            </a>{' '}
            <span className="t2">W3C PROV-JSON: what it was made from, by which runs, and who did it</span>
          </li>
          <li>
            <a className="link" href={`${base}/bom`} download={`${name}.cdx.json`}>
              Bill of materials
            </a>{' '}
            <span className="t2">CycloneDX 1.6: card, files, training data, packages</span>
          </li>
        </ul>
      </Section>
      <div className="mt-16">
        <CodeExample
          title="Take it along and check it"
          samples={[
            { label: 'CLI', code: `trivium models get ${name} ./model\ntrivium models verify ${name} ./model` },
            {
              label: 'model-signing',
              code: `trivium models signature ${name} --out model.sig --key-out key.pem\nmodel_signing verify key ./model --signature model.sig --public_key key.pem`,
            },
          ]}
        />
      </div>
    </>
  )
}
