import { useState } from 'react'
import { Alias } from '../ui/alias.tsx'
import { Button, Segmented } from '../ui/button.tsx'
import { CodeExample, CommandBox } from '../ui/code-example.tsx'
import { ConfirmLoss } from '../ui/confirm-loss.tsx'
import { DecisionForm } from '../ui/decision-form.tsx'
import { Diff, ValuesDiff } from '../ui/diff.tsx'
import { Duration } from '../ui/duration.tsx'
import { EntityLink, HiddenEntity } from '../ui/entity-link.tsx'
import { SelectField, TextField } from '../ui/field.tsx'
import { Hash } from '../ui/hash.tsx'
import { type LogLine, LogView } from '../ui/log-view.tsx'
import { Bars, Denied, Empty, NoMatch, PanelError, Stale } from '../ui/page-states.tsx'
import { Person } from '../ui/person.tsx'
import { Progress } from '../ui/progress.tsx'
import { State } from '../ui/state.tsx'
import { Time, TimeRange } from '../ui/time.tsx'
import { useToasts } from '../ui/undo-toast.tsx'
import { Difference, Interval, Value } from '../ui/value.tsx'
import { Verdict } from '../ui/verdict.tsx'
import { Story } from './story.tsx'
import { storyNow } from './story-data.ts'

const start = Date.UTC(2001, 3, 30, 2, 0, 44, 12)
const logLines: LogLine[] = [
  { at: start, text: 'warm worker python-5d2c, 11 ms after enqueue' },
  { at: start + 8, text: 'read flights v5–v16 · 1,385,167 rows · 3.1 s' },
  { at: start + 3298, text: 'features 6, positives 20.4 %' },
  { at: start + 7870, text: 'iteration 10  train 0.4731  valid 0.4792' },
  { at: start + 30_495, text: 'iteration 40  train 0.4588  valid 0.4641' },
  { at: start + 45_991, level: 'warn', text: 'UserWarning: 14 origins have fewer than 50 rows' },
  { at: start + 82_759, text: 'iteration 80  train 0.4522  valid 0.4581' },
  { at: start + 159_106, text: 'early stop, best iteration 80' },
  { at: start + 161_192, text: 'wrote model.pkl 1.9 MB sha256 41d0…77ae' },
]
const longLog: LogLine[] = Array.from({ length: 400 }, (_, i) =>
  i === 260
    ? { at: start + i * 900, level: 'error', text: 'ValueError: distance holds 18460, outside 1 to 5,000 miles' }
    : { at: start + i * 900, text: `iteration ${i}  train ${(0.53 - i * 0.0002).toFixed(4)}` },
)
const before = `select origin, bucket,
  sum(late) over w6 as late, count(*) over w6 as flights
from flights_by_origin_hour
window w6 as (partition by origin order by bucket range between interval 6 hour preceding and current row)
`
const after = `select origin, bucket,
  sum(late) over landed as late, count(*) over landed as flights
from flights_by_origin_hour
window landed as (partition by origin order by bucket range between interval 6 hour preceding and interval 3 hour preceding)
`

export function PartStories() {
  const [view, setView] = useState<'graph' | 'table'>('graph')
  const [asking, setAsking] = useState(false)
  const [pending, setPending] = useState(false)
  const toasts = useToasts()
  return (
    <div className="cols-3" style={{ gap: '28px 36px' }}>
      <Story title="Status" note="shape, colour and word, always all three">
        <div style={{ display: 'grid', gridTemplateColumns: '1fr 1fr', gap: '7px 0' }}>
          <State kind="ok">finished, in range</State>
          <State kind="warn">attention</State>
          <State kind="bad">failed</State>
          <State kind="run">running</State>
          <State kind="person">waiting for a person</State>
          <State kind="idle">not started</State>
          <State kind="none">cannot judge yet</State>
          <State kind="cached">cached</State>
        </div>
      </Story>
      <Story title="Entity chips" note="type, name, version, alias, state">
        <div className="row wrap" style={{ gap: 6 }}>
          <EntityLink kind="dataset" name="flights" version={17} state="ok" />
          <EntityLink kind="feature-view" name="origin_recent_delays" version={2} />
          <EntityLink kind="model" name="arrival-delay" version={4} alias="challenger" state="person" />
          <EntityLink kind="deployment" name="arrival-delay-prod" state="run" />
          <EntityLink kind="alert" name="origin_recent_delays drifted" id="alr_7K2Q" state="warn" />
          <EntityLink kind="pipeline-run" name="train-arrival-delay" version={31} state="ok" />
          <EntityLink kind="run" name="old-sweep" trashedUntil="2 Jun" />
          <HiddenEntity kind="model" />
        </div>
      </Story>
      <Story title="Buttons" note="one dark button a page">
        <div className="row wrap">
          <Button look="primary">Promote</Button>
          <Button>Compare</Button>
          <Button look="danger" onClick={() => setAsking(true)}>
            Roll back
          </Button>
          <Button look="quiet">Hand over</Button>
        </div>
        <div className="row wrap mt-8">
          <Button
            pending={pending}
            onClick={() => {
              setPending(true)
              setTimeout(() => setPending(false), 2500)
            }}
          >
            Run again
          </Button>
          <Button denied="Promoting needs model:write. model-team can give it.">Promote</Button>
          <Segmented
            label="View"
            options={[
              { value: 'graph', label: 'Graph' },
              { value: 'table', label: 'Table' },
            ]}
            value={view}
            onChange={setView}
          />
        </div>
        <div className="row mt-8">
          <Button size="small" onClick={() => toasts.undo('v4 archived.', () => undefined)}>
            Archive v4
          </Button>
          <Button size="small" onClick={() => toasts.say('Link copied.')}>
            Copy link
          </Button>
        </div>
      </Story>
      <Story title="Numbers" note="value, interval, difference, verdict">
        <table className="data data-compact">
          <tbody>
            <Row name="measured">
              <Interval value={0.6834} low={0.6793} high={0.6875} strong />
            </Row>
            <Row name="estimated">
              <Interval value={0.686} low={0.666} high={0.706} kind="estimated" />
            </Row>
            <Row name="so far">
              <Interval value={0.666} low={0.647} high={0.685} kind="so-far" />
            </Row>
            <Row name="asymmetric">
              <Interval value={0.013} low={0.006} high={0.021} />
            </Row>
            <Row name="difference">
              <Difference value={0.0182} low={0.0141} high={0.0223} p={0.0001} />
            </Row>
            <Row name="nothing found">
              <Difference value={-0.008} low={-0.024} high={0.008} p={0.24} />
            </Row>
            <Row name="share, count">
              <Value value={0.157} form="share" /> <Value value={118093} form="count" unit="rows" />
            </Row>
            <Row name="none">
              <Value value={null} />
            </Row>
          </tbody>
        </table>
      </Story>
      <Story title="Verdicts and facts" note="fixed words; time, duration, hash, people">
        <div className="row wrap loose">
          <Verdict verdict="better" />
          <Verdict verdict="worse" />
          <Verdict verdict="no clear change" />
          <Verdict verdict="cannot judge yet">1,630 of 2,000 labels</Verdict>
          <Verdict verdict="passed" />
          <Verdict verdict="blocked" />
          <Verdict verdict="out of range" />
        </div>
        <div className="row wrap loose mt-12">
          <Time at={storyNow - 540_000} clock="event" />
          <Time at={Date.UTC(2001, 3, 24, 14)} clock="event" />
          <Time at={Date.UTC(2000, 3, 24, 14)} clock="event" />
          <Time at={storyNow - 3 * 86_400_000} clock="event" show="age" />
          <TimeRange from={Date.UTC(2001, 3, 23)} to={Date.UTC(2001, 3, 29, 23)} />
          <Duration ms={252_000} />
          <Duration ms={0.29} />
        </div>
        <div className="row wrap loose mt-12">
          <Hash value="7f3a55e1e2ad44f0b1c2c91d" />
          <Hash value="e07b55a1c44be23a9917" form="commit" />
          <Hash value="alr_01J9ZK2Q7T8W7K2Q" form="id" />
          <Person name="maintainer-1" />
          <Person name="svc-trainer" />
          <Alias name="challenger" />
        </div>
      </Story>
      <Story title="Fields" note="labels above, or beside in short forms">
        <TextField label="Name" defaultValue="arrival-delay-prod" help="Lower case, digits and hyphens." />
        <TextField
          label="Distance"
          defaultValue="18460"
          unit="miles"
          error="distance must be 1 to 5,000 miles; 18460 looks like metres."
        />
        <SelectField
          label="Model"
          options={[
            { value: '4', label: 'arrival-delay v4, challenger' },
            { value: '3', label: 'arrival-delay v3, champion' },
          ]}
        />
      </Story>
      <Story title="Loading" note="the frame at once, grey bars only after 200 ms">
        <Bars shape="table" rows={4} />
      </Story>
      <Story title="Error" note="what failed, what still works, what to do">
        <PanelError
          title="The drift history could not be read."
          requestId="req_8M2K"
          onRetry={() => undefined}
          actions={<Button size="small">Verify the store</Button>}
        >
          Object <code>7f3a…c91d</code> is missing from the store. Alerts still run from the last snapshot, 09:00.
        </PanelError>
      </Story>
      <Story title="Denied" note="name the permission and who can give it">
        <Denied
          what="the prediction log of arrival-delay-prod"
          permission="prediction:read"
          why="because rows may hold personal fields"
          givers="model-team and ops-primary can give it."
          onAsk={() => undefined}
        />
      </Story>
      <Story title="Long work" note="inline, with count, rate and the way out">
        <Progress
          title="Importing MLflow store"
          done={18204}
          total={47900}
          unit="runs"
          perSecond={3100}
          onStop={() => undefined}
          note="You may leave this page."
        />
      </Story>
      <Story title="Stale, no match">
        <Stale at={storyNow}>
          <table className="data data-compact">
            <tbody>
              <Row name="AUC">
                <Interval value={0.672} low={0.666} high={0.678} />
              </Row>
            </tbody>
          </table>
        </Stale>
        <NoMatch what="runs" filter="metrics.auc > 0.9" total={48} onClear={() => undefined} />
      </Story>
      <Story title="Destroy" note="only where undo is impossible">
        <Button look="destroy" onClick={() => setAsking(true)}>
          Delete 12 runs
        </Button>
        <ConfirmLoss
          opened={asking}
          onClose={() => setAsking(false)}
          title="Delete 12 runs for ever?"
          action="Delete 12 runs"
          onConfirm={() => setAsking(false)}
        >
          Frees 4.1 GB. Metrics and 96 artifacts go. v2 was made from one of them and keeps its copy.
        </ConfirmLoss>
      </Story>
      <Story title="Decision">
        <DecisionForm
          options={[
            {
              value: 'wait',
              label: 'Wait for 2,000 labels',
              what: 'Asks you again about 16:00. Nothing changes until then.',
            },
            {
              value: 'promote',
              label: 'Promote to 50 % now',
              what: 'Below the agreed minimum: the record will say so, and a reason is required.',
              needsReason: true,
            },
            { value: 'keep', label: 'Keep at 10 %', what: 'For two more days, then asks again.' },
            {
              value: 'stop',
              label: 'Stop and roll back to v3',
              what: 'v4 keeps its evidence and stays registered.',
              danger: true,
            },
          ]}
          onDecide={() => undefined}
          extra={<Button look="quiet">Hand over</Button>}
        />
      </Story>
      <Story title="Log">
        <LogView lines={logLines} />
        <div className="mt-16">
          <LogView lines={longLog} live height={150} />
        </div>
      </Story>
      <Story title="Empty">
        <Empty
          title="No runs yet"
          steps={[
            {
              title: 'Point your client at this project',
              command: 'export MLFLOW_TRACKING_URI=http://127.0.0.1:4100\nexport MLFLOW_TRACKING_TOKEN=…',
            },
            { title: 'Waiting for the first run', waiting: true, body: 'Listening on this page; nothing to refresh.' },
          ]}
        >
          Runs appear here as soon as something logs to this project. Your training code stays as it is.
        </Empty>
      </Story>
      <Story
        title="features/origin_recent_delays.sql"
        note="champion-refit against weekly-13w-31, 2 lines changed"
        wide
      >
        <Diff before={before} after={after} label="features/origin_recent_delays.sql" />
      </Story>
      <Story title="What differs" note="6 of 31 inputs">
        <ValuesDiff
          label="What differs"
          columns={['champion-refit', '13w-31', '13w-63']}
          rows={[
            { name: 'data.train', values: ['v4–v13', 'v5–v16', 'v4–v13'] },
            { name: 'learning_rate', values: ['0.10', '0.20', '0.10'] },
            { name: 'max_leaf_nodes', values: ['31', '31', '63'] },
          ]}
        />
      </Story>
      <Story title="Code">
        <CodeExample
          title="Call it"
          samples={[
            {
              label: 'Python',
              code: 'model = mlflow.pyfunc.load_model("models:/arrival-delay@challenger")\nmodel.predict(pd.DataFrame([{"origin": "ORD"}]))  # array([0.412])',
            },
            {
              label: 'curl',
              code: 'curl "$TRIVIUM_URL/deployments/arrival-delay-prod/predict" -d \'{"origin": "ORD"}\'',
            },
          ]}
        />
      </Story>
      <Story title="Command">
        <CommandBox command="npx trivium deploy arrival-delay-prod --model arrival-delay@champion --wait" />
      </Story>
    </div>
  )
}

function Row({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <tr>
      <td className="t2">{name}</td>
      <td className="r">{children}</td>
    </tr>
  )
}
