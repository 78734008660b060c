import { useState } from 'react'
import { Gantt } from '../charts/gantt.tsx'
import { Graph, type GraphEdge, type GraphNode } from '../charts/graph.tsx'
import { ganttRows } from './chart-stories.tsx'
import { Story } from './story.tsx'

const pipeline: GraphNode[] = [
  { id: 'validate', name: 'validate', state: 'cached', fact: 'cached, 0.004 s' },
  { id: 'features', name: 'features', state: 'ok', fact: '38 s' },
  { id: 'split', name: 'split', state: 'ok', fact: '4 s' },
  { id: 'train', name: 'train', state: 'run', fact: 'iteration 52 of 80', progress: 0.65 },
  { id: 'baseline', name: 'baseline', state: 'cached', fact: 'cached, 0.003 s' },
  { id: 'export-onnx', name: 'export-onnx', state: 'idle', fact: 'not started' },
  { id: 'evaluate', name: 'evaluate', state: 'idle', fact: 'not started' },
  { id: 'gate', name: 'gate', state: 'idle', fact: 'not started' },
]
const pipelineEdges: GraphEdge[] = [
  { from: 'validate', to: 'features', cached: true },
  { from: 'features', to: 'split' },
  { from: 'split', to: 'train' },
  { from: 'split', to: 'baseline' },
  { from: 'train', to: 'export-onnx' },
  { from: 'export-onnx', to: 'evaluate' },
  { from: 'baseline', to: 'evaluate', cached: true },
  { from: 'evaluate', to: 'gate' },
]
const lineage: GraphNode[] = [
  {
    id: 'contract',
    column: 0,
    kind: 'contract',
    name: 'flights contract',
    state: 'ok',
    version: '2.1',
    fact: 'data-team',
    onPath: true,
  },
  {
    id: 'flights',
    column: 1,
    kind: 'dataset',
    name: 'flights',
    state: 'ok',
    version: 'v5–v16',
    fact: '1,385,167 rows',
    onPath: true,
  },
  { id: 'flights17', column: 1, kind: 'dataset', name: 'flights', state: 'ok', version: 'v17', fact: '118,093 rows' },
  {
    id: 'view',
    column: 2,
    kind: 'feature',
    name: 'origin_recent_delays',
    state: 'ok',
    version: 'v2',
    fact: 'point in time',
    onPath: true,
  },
  {
    id: 'run',
    column: 3,
    kind: 'run',
    name: 'weekly-13w-31',
    state: 'ok',
    version: 'e07b55a',
    fact: 'run, 4 min',
    onPath: true,
  },
  {
    id: 'fresh',
    column: 3,
    kind: 'evaluation',
    name: 'fresh-week',
    state: 'ok',
    version: 'v17',
    fact: 'AUC 0.683 ± 0.004',
  },
  {
    id: 'model',
    column: 4,
    kind: 'model',
    name: 'arrival-delay',
    state: 'person',
    version: 'v4',
    fact: 'challenger',
    onPath: true,
  },
  {
    id: 'prod',
    column: 4,
    kind: 'deployment',
    name: 'arrival-delay-prod',
    state: 'run',
    fact: 'canary 10 %',
    onPath: true,
  },
  {
    id: 'prd',
    column: 5,
    kind: 'prediction',
    name: 'prd_9FQ2',
    fact: 'ORD to SFO, 0.412 late',
    focus: true,
    onPath: true,
  },
  { id: 'label', column: 6, kind: 'label', name: 'on time', fact: 'arrived 9 min late', onPath: true },
  { id: 'alert', column: 6, kind: 'alert', name: 'origin_recent_delays drifted', state: 'warn', fact: '14 like it' },
]
const lineageEdges: GraphEdge[] = [
  { from: 'contract', to: 'flights', onPath: true },
  { from: 'contract', to: 'flights17' },
  { from: 'flights', to: 'view', onPath: true },
  { from: 'flights', to: 'run', onPath: true },
  { from: 'view', to: 'run', onPath: true },
  { from: 'flights17', to: 'fresh' },
  { from: 'run', to: 'fresh' },
  { from: 'run', to: 'model', onPath: true },
  { from: 'fresh', to: 'model' },
  { from: 'model', to: 'prod', onPath: true },
  { from: 'prod', to: 'prd', onPath: true },
  { from: 'prd', to: 'label', onPath: true },
  { from: 'prd', to: 'alert' },
]

export function GraphStories() {
  const [step, setStep] = useState('train')
  return (
    <div className="stack gap-24">
      <Story title="Pipeline" note="laid out once, by dependency; cached is dashed">
        <Graph
          label="Steps of train-arrival-delay"
          nodes={pipeline.map((node) => ({ ...node, focus: node.id === step }))}
          edges={pipelineEdges}
          onSelect={setStep}
        />
      </Story>
      <Gantt label="Time of each step" rows={ganttRows} selected={step} onSelect={setStep} />
      <Story title="Lineage" note="by kind; the walked path is dark, the rest is faint but there">
        <Graph
          label="Lineage of prd_9FQ2"
          nodes={lineage}
          edges={lineageEdges}
          columns={['Source', 'Data', 'Features', 'Build', 'Release', 'Prediction', 'What followed']}
          onSelect={() => undefined}
          pathOnly
        />
      </Story>
    </div>
  )
}
