import { useState } from 'react'
import { Dumbbell } from '../charts/dumbbell.tsx'
import { Button } from '../ui/button.tsx'
import { CodeExample } from '../ui/code-example.tsx'
import { DataTable } from '../ui/data-table.tsx'
import { EntityLink } from '../ui/entity-link.tsx'
import { Facts } from '../ui/facts.tsx'
import { Hash } from '../ui/hash.tsx'
import { PageHeader } from '../ui/page-header.tsx'
import { Aside, Note, Section, WithAside } from '../ui/section.tsx'
import { State, StateGlyph } from '../ui/state.tsx'
import { TabPanel, Tabs } from '../ui/tabs.tsx'
import { Verdict, type VerdictWord, verdictState } from '../ui/verdict.tsx'
import { airports } from './story-data.ts'

interface Check {
  readonly name: string
  readonly found: string
  readonly required: string
  readonly verdict: VerdictWord
}

const checks: Check[] = [
  {
    name: 'Better than champion on fresh data',
    found: 'AUC +0.0182 (0.0141 to 0.0223), p < 0.001',
    required: 'at least +0.002, p < 0.05',
    verdict: 'passed',
  },
  { name: 'Calibration error', found: '0.009 (0.006 to 0.013)', required: 'at most 0.02', verdict: 'passed' },
  {
    name: 'No slice loses',
    found: 'worst DEN −0.008 (−0.024 to +0.008)',
    required: 'no slice below −0.01 with p < 0.05',
    verdict: 'passed',
  },
  {
    name: 'Fair across regions',
    found: 'largest gap in recall 0.041 (0.012 to 0.070)',
    required: 'at most 0.08',
    verdict: 'passed',
  },
  {
    name: 'Data state',
    found: 'flights v5–v16 valid, 17 checks',
    required: 'no failing check, labels 95 % complete',
    verdict: 'passed',
  },
  {
    name: 'Parity of ONNX with Python',
    found: 'largest difference 3.1e-7 on 10,000 rows',
    required: 'at most 1e-5',
    verdict: 'passed',
  },
  { name: 'Latency, p99 of 1 row', found: '0.29 ms', required: 'at most 1 ms', verdict: 'passed' },
  {
    name: 'Canary',
    found: 'AUC +0.011 (−0.006 to +0.028) after 1,630 labels',
    required: '2,000 labels',
    verdict: 'cannot judge yet',
  },
  { name: 'Approval by a maintainer', found: 'asked today 09:31, you', required: '1 of 1', verdict: 'waiting' },
]
const signature = [
  ['distance', 'int64', 'miles', '21 to 4,962'],
  ['time_of_day', 'float32', 'hours', '0 to 24'],
  ['weekday', 'int8', '', '1 to 7'],
  ['origin', 'string', '', '229 values'],
  ['destination', 'string', '', '228 values'],
  ['origin_recent_delays', 'float32', 'share', '0 to 1'],
] as const
const madeFrom = [
  { kind: 'contract', name: 'flights contract', version: '2.1', state: undefined, line: 'BTS feed, owner data-team' },
  { kind: 'dataset', name: 'flights', version: 'v5–v16', state: 'ok', line: '1,385,167 rows, 29 Jan–22 Apr' },
  { kind: 'feature', name: 'origin_recent_delays', version: 2, state: 'ok', line: '3 h after landing, point in time' },
  { kind: 'pipeline-run', name: 'train-arrival-delay', version: 31, state: 'ok', line: 'started by drift, 4 min 12 s' },
  { kind: 'run', name: 'weekly-13w-31', version: undefined, state: 'ok', line: 'seed 7, environment lock 5d2c' },
  { kind: 'model', name: 'arrival-delay', version: 4, state: 'person', line: 'replaces v3 if approved' },
] as const

/** A page made of the parts, to hold beside the picture `model-version`. */
export function DetailStory() {
  const [tab, setTab] = useState('evidence')
  return (
    <>
      <PageHeader
        kind="model"
        title="arrival-delay"
        version={4}
        aliases={['challenger']}
        state={{ kind: 'person', word: 'Waiting for approval' }}
        actions={
          <>
            <Button>Compare with v3</Button>
            <Button>Reproduce</Button>
            <Button look="primary">Deploy</Button>
          </>
        }
      />
      <Facts
        facts={[
          { label: 'Predicts', value: 'arrives more than 15 min late' },
          {
            label: 'Runs in',
            value: (
              <>
                <EntityLink kind="deployment" name="arrival-delay-prod" look="bare" />
                <State kind="run">canary 10 %</State>
              </>
            ),
          },
          { label: 'Registered', value: '30 Apr 02:07 by svc-trainer' },
          {
            label: 'Package',
            value: (
              <>
                ONNX, 412 kB, <Hash value="7f3a55e1e2ad44f0b1c2c91d" />
              </>
            ),
          },
          { label: 'Signature', value: <State kind="ok">verified</State> },
          { label: 'Ask', value: 'model-team' },
        ]}
      />
      <Tabs
        value={tab}
        onChange={setTab}
        tabs={[
          { id: 'evidence', label: 'Evidence' },
          { id: 'signature', label: 'Signature and example' },
          { id: 'slices', label: 'Slices', count: 23 },
          { id: 'card', label: 'Card' },
          { id: 'limits', label: 'Limits', count: 3 },
          { id: 'files', label: 'Files', count: 9 },
          { id: 'history', label: 'History' },
        ]}
      />
      <TabPanel tab={tab}>
        <WithAside
          aside={
            <>
              <Note tone="person" actions={<Button size="small">Open in inbox</Button>}>
                <span className="st st-person m">You decide</span>
                <p className="sm mt-4">
                  Move v4 from 10 % to 50 % of traffic. Due today 14:40, then it goes to maintainer-2.
                </p>
              </Note>
              <hr className="hr" />
              <Aside
                title="Made from"
                end={
                  <a href="/p/flight-delays/lineage" className="link">
                    Lineage
                  </a>
                }
              >
                <ol className="stack gap-8">
                  {madeFrom.map((entity) => (
                    <li key={entity.name + entity.kind}>
                      <EntityLink
                        kind={entity.kind}
                        name={entity.name}
                        version={entity.version}
                        look="bare"
                        state={entity.state}
                        strong
                      />
                      <div className="sm t2" style={{ paddingLeft: 19 }}>
                        {entity.line}
                      </div>
                    </li>
                  ))}
                </ol>
              </Aside>
              <Aside title="Known limits">
                <ul className="bullets t2">
                  <li>Overpredicts when fewer than 1 in 8 flights is late.</li>
                  <li>New airports fall back to the mean rate.</li>
                  <li>Diverted flights carry no label.</li>
                </ul>
              </Aside>
            </>
          }
        >
          <Section
            title="Promotion gate"
            note="policy production-models 4, stored with the version and never edited"
            end={<span className="t2">7 passed, 1 cannot be judged yet, 1 waiting</span>}
          >
            <DataTable
              label="Promotion gate"
              density="compact"
              keys={false}
              rows={checks}
              rowKey={(check) => check.name}
              columns={[
                {
                  id: 'check',
                  head: <span style={{ paddingLeft: 20 }}>Check</span>,
                  cell: (check) => (
                    <span className="row">
                      <StateGlyph kind={verdictState(check.verdict)} label={false} />
                      <span className="m">{check.name}</span>
                    </span>
                  ),
                },
                { id: 'found', head: 'Found', cell: (check) => check.found },
                { id: 'required', head: 'Required', cell: (check) => <span className="t2">{check.required}</span> },
                { id: 'verdict', head: '', cell: (check) => <Verdict verdict={check.verdict} plain /> },
              ]}
            />
          </Section>
          <div className="cols-2 mt-16">
            <Dumbbell
              title="AUC by origin"
              how="v4 against v3, 95 %"
              rows={airports.slice(0, 7).map(([name, count, baseline, candidate]) => ({
                name,
                count,
                baseline,
                candidate,
                low: candidate - 0.012,
                high: candidate + 0.012,
              }))}
              caption="Hollow: v3. Filled: v4. Right is better."
            />
            <Section
              title="Signature"
              note="6 inputs, 1 output"
              end={
                <a href="/p/flight-delays/deployments" className="link">
                  Try it
                </a>
              }
            >
              <DataTable
                label="Signature"
                density="compact"
                keys={false}
                rows={signature}
                rowKey={(row) => row[0]}
                columns={[
                  { id: 'input', head: 'Input', cell: (row) => <span className="mono">{row[0]}</span> },
                  { id: 'type', head: 'Type', cell: (row) => <span className="t2">{row[1]}</span> },
                  { id: 'unit', head: 'Unit', cell: (row) => <span className="t2">{row[2]}</span> },
                  { id: 'seen', head: 'Seen in training', align: 'right', cell: (row) => row[3] },
                ]}
              />
            </Section>
          </div>
          <div className="mt-16">
            <CodeExample
              title="Call it"
              samples={[
                {
                  label: 'Python',
                  code: 'model = mlflow.pyfunc.load_model("models:/arrival-delay@challenger")\nmodel.predict(pd.DataFrame([{\n  "origin": "ORD", "destination": "SFO", "distance": 1846,\n  "time_of_day": 17.5, "weekday": 4, "origin_recent_delays": 0.31}]))   # array([0.412])',
                },
                {
                  label: 'curl',
                  code: 'curl "$TRIVIUM_URL/deployments/arrival-delay-prod/predict" -d \'{"origin": "ORD"}\'',
                },
                {
                  label: 'TypeScript',
                  code: 'await client.call(predict, { params: { deployment: "arrival-delay-prod" } })',
                },
              ]}
            />
          </div>
        </WithAside>
      </TabPanel>
    </>
  )
}
