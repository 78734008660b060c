import {
  addBaseline,
  type BodyOf,
  getFrontier,
  judgeBaselines,
  listBaselines,
  type PublishedSpread,
} from '@trivium/contract'
import { useState } from 'react'
import { useContractMutation } from '../../data/contract-mutation.ts'
import { Button } from '../../ui/button.tsx'
import { SelectField, TextArea, TextField } from '../../ui/field.tsx'
import { Section } from '../../ui/section.tsx'
import { State } from '../../ui/state.tsx'

const empty = {
  name: '',
  title: '',
  url: '',
  published: '',
  task: '',
  dataset: '',
  digest: '',
  split: 'test',
  metric: '',
  definition: '',
  direction: 'higher-is-better',
  value: '',
  kind: 'none',
  low: '',
  high: '',
  repeats: '',
  protocol: '',
  params: '',
  seeds: '',
  code: '',
}
type Form = typeof empty
const needed: readonly (readonly [keyof Form, string])[] = [
  ['name', 'a name'],
  ['title', 'the source'],
  ['task', 'the task'],
  ['dataset', 'the dataset'],
  ['metric', 'the metric'],
  ['definition', 'how the metric is computed'],
  ['value', 'the value'],
  ['protocol', 'the protocol'],
]
const spreads = [
  { value: 'none', label: 'None was published' },
  { value: 'sd', label: 'Standard deviation' },
  { value: 'se', label: 'Standard error' },
  { value: 'interval', label: '95 % interval' },
  { value: 'range', label: 'Least and greatest' },
]

/** Stores a published result with its exact protocol. */
export function BaselineForm({ project, experiment }: { readonly project: string; readonly experiment: string }) {
  const [form, setForm] = useState<Form>(empty)
  const add = useContractMutation(addBaseline, {
    invalidates: [listBaselines, getFrontier, judgeBaselines],
    onDone: () => setForm(empty),
  })
  const field = (key: keyof Form) => ({
    value: form[key],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [key]: event.target.value }),
  })
  const missing = needed.find(([key]) => form[key].trim() === '')
  const ends = form.kind === 'interval' || form.kind === 'range'
  return (
    <Section title="Store a published result" note="it is not edited later: a correction is another one">
      <div className="stack gap-8" style={{ maxWidth: 640 }}>
        <TextField label="Name" help="Short, as it stands in tables." maxLength={200} {...field('name')} />
        <TextField label="Source" help="The paper, page or report." maxLength={500} {...field('title')} />
        <TextField label="Address" placeholder="https://" maxLength={2000} {...field('url')} />
        <TextField label="Published" help="2016, 2016-06 or 2016-06-27. May be empty." {...field('published')} />
        <TextField label="Task" help="What is predicted from what." maxLength={500} {...field('task')} />
        <TextField
          label="Dataset"
          help="One of this project with its version, flights@3, or the name of one that is not here."
          {...field('dataset')}
        />
        {!/@\d+$/.test(form.dataset) && (
          <TextField label="Digest of the dataset" help="As runs log it." mono {...field('digest')} />
        )}
        <TextField label="Split" help="As runs log the context of a dataset. Empty: all of it." {...field('split')} />
        <TextField label="Metric" help="The key under which own runs log it." mono {...field('metric')} />
        <TextArea
          label="How the metric is computed"
          help="Averaging, threshold, weights, what is left out."
          rows={2}
          {...field('definition')}
        />
        <SelectField
          label="Better is"
          options={[
            { value: 'higher-is-better', label: 'more' },
            { value: 'lower-is-better', label: 'less' },
          ]}
          {...field('direction')}
        />
        <TextField label="Value" inputMode="decimal" {...field('value')} />
        <SelectField label="Uncertainty" options={spreads} {...field('kind')} />
        {form.kind !== 'none' && (
          <TextField
            label={ends ? 'From' : (spreads.find((one) => one.value === form.kind)?.label ?? '')}
            inputMode="decimal"
            {...field('low')}
          />
        )}
        {ends && <TextField label="To" inputMode="decimal" {...field('high')} />}
        {form.kind !== 'none' && (
          <TextField
            label="Repeats"
            help="How many runs it was measured on. May be empty."
            inputMode="numeric"
            {...field('repeats')}
          />
        )}
        <TextArea
          label="Protocol"
          help="Markdown: how it was trained and measured, step by step."
          rows={5}
          {...field('protocol')}
        />
        <TextArea
          label="Parameters"
          help="One a line, under the names that own runs log: depth: 3"
          rows={3}
          className="mono"
          {...field('params')}
        />
        <TextField label="Seeds" help="Separated by commas." {...field('seeds')} />
        <TextField label="Code" help="Repository and commit. May be empty." {...field('code')} />
        {add.error && <State kind="bad">{add.error.detail}</State>}
        <div>
          <Button
            pending={add.isPending}
            denied={missing && `Say ${missing[1]}.`}
            onClick={() => add.mutate({ params: { project, experiment }, body: bodyOf(form) })}
          >
            Store the baseline
          </Button>
        </div>
      </div>
    </Section>
  )
}

function bodyOf(form: Form): BodyOf<typeof addBaseline> {
  const [, dataset = form.dataset, version] = /^(.*)@(\d+)$/.exec(form.dataset.trim()) ?? []
  const params = form.params.split('\n').flatMap((line): [string, string][] => {
    const colon = line.indexOf(':')
    return colon > 0 ? [[line.slice(0, colon).trim(), line.slice(colon + 1).trim()]] : []
  })
  return {
    name: form.name,
    source: { title: form.title, url: form.url.trim(), published: form.published.trim() },
    task: form.task,
    dataset: {
      name: dataset,
      version: version === undefined ? null : Number(version),
      digest: version ? '' : form.digest,
    },
    split: form.split.trim(),
    metric: form.metric.trim(),
    definition: form.definition,
    direction: form.direction as 'higher-is-better',
    value: Number(form.value),
    spread: spreadOf(form),
    protocol: form.protocol,
    params: Object.fromEntries(params),
    seeds: form.seeds.split(',').flatMap((seed) => (seed.trim() === '' ? [] : [seed.trim()])),
    code: form.code,
  }
}

function spreadOf({ kind, low, high, repeats }: Form): PublishedSpread {
  const count = repeats.trim() === '' ? {} : { repeats: Number(repeats) }
  if (kind === 'sd') return { kind, sd: Number(low), ...count }
  if (kind === 'se') return { kind, se: Number(low), ...count }
  if (kind === 'interval' || kind === 'range') return { kind, low: Number(low), high: Number(high), ...count }
  return { kind: 'none' }
}
