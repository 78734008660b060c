import { type Deployment, tryDeployment } from '@trivium/contract'
import { type FormEvent, useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { CodeExample } from '../../ui/code-example.tsx'
import { KeyValues } from '../../ui/facts.tsx'
import { Aside } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'
import { Value } from '../../ui/value.tsx'

/** Calls the deployment once; the answer is not logged as traffic. */
export function TryIt({ project, deployment }: { readonly project: string; readonly deployment: Deployment }) {
  const [values, setValues] = useState<Record<string, string>>({})
  const call = useContractMutation(tryDeployment)
  const typed = () =>
    Object.fromEntries(
      deployment.inputs.map((field) => {
        const text = values[field.name] ?? ''
        return [
          field.name,
          field.type === 'number' || field.type === 'integer'
            ? Number(text)
            : field.type === 'boolean'
              ? text === 'true'
              : text,
        ]
      }),
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    call.mutate({ params: { project, deployment: deployment.name }, body: { inputs: typed() } })
  }
  const answer = call.data?.predictions[0]
  const body = JSON.stringify({ inputs: typed() })
  const path = new URL(deployment.predictUrl, window.location.origin).pathname
  return (
    <>
      <Aside title="Try it" note={`against v${deployment.current?.manifest.version}, not logged as traffic`}>
        <form onSubmit={submit} className="stack gap-8">
          {deployment.inputs.map((field) => (
            <label key={field.name} className="field field-beside">
              <span>{field.name}</span>
              {field.type === 'boolean' ? (
                <select
                  className="inp inp-small"
                  value={values[field.name] ?? 'false'}
                  onChange={(event) => setValues({ ...values, [field.name]: event.target.value })}
                >
                  <option value="false">no</option>
                  <option value="true">yes</option>
                </select>
              ) : (
                <input
                  className="inp inp-small"
                  required
                  inputMode={field.type === 'string' ? 'text' : 'decimal'}
                  type={field.type === 'string' ? 'text' : 'number'}
                  step="any"
                  title={field.description}
                  value={values[field.name] ?? ''}
                  onChange={(event) => setValues({ ...values, [field.name]: event.target.value })}
                />
              )}
            </label>
          ))}
          <div>
            <Button type="submit" look="primary" pending={call.isPending}>
              Predict
            </Button>
          </div>
        </form>
        {call.error && (
          <div className="mt-12">
            <State kind="bad">{call.error.detail}</State>
          </div>
        )}
        {answer && (
          <div className="mt-16">
            <KeyValues
              facts={[
                ...Object.entries(answer.outputs).map(([name, value]) => ({
                  label: name,
                  value: typeof value === 'number' ? <Value value={value} strong /> : String(value),
                })),
                ...Object.entries(answer.features).map(([name, value]) => ({
                  label: `${name}, looked up`,
                  value: typeof value === 'number' ? <Value value={value} /> : String(value ?? '–'),
                })),
              ]}
            />
            <p className="sm t2">
              answered in <Value value={(call.data?.latencyMicros ?? 0) / 1000} decimals={2} unit="ms" />
            </p>
          </div>
        )}
      </Aside>
      <div className="mt-24" />
      <CodeExample
        title="Call it"
        samples={[
          {
            label: 'curl',
            code: `curl "${window.location.origin}${path}" \\\n  -H "Authorization: Bearer $TRIVIUM_TOKEN" \\\n  -H "Content-Type: application/json" \\\n  -d '${body}'`,
          },
          {
            label: 'Python',
            code: `import requests\n\nrequests.post("${window.location.origin}${path}",\n  headers={"Authorization": f"Bearer {token}"},\n  json=${body}).json()`,
          },
          { label: 'CLI', code: `trivium predict ${deployment.name} '${JSON.stringify(typed())}'` },
        ]}
      />
    </>
  )
}
