import type { Icon } from '@tabler/icons-react'
import {
  IconActivity,
  IconAlertOctagon,
  IconArrowsSplit2,
  IconBell,
  IconBox,
  IconBug,
  IconChecklist,
  IconColumns3,
  IconDatabase,
  IconFile,
  IconFileCertificate,
  IconFilterCog,
  IconFlask2,
  IconFolder,
  IconGavel,
  IconGitCommit,
  IconHierarchy2,
  IconInbox,
  IconPackage,
  IconReport,
  IconSchema,
  IconServerBolt,
  IconTag,
  IconTargetArrow,
  IconUser,
} from './icons.ts'

/** What names an entity on a page. `id` where the URL needs one that is not the name (runs, predictions, alerts). */
export interface EntityKey {
  readonly kind: string
  readonly name: string
  readonly version?: string | number | undefined
  readonly id?: string | undefined
  readonly project?: string | undefined
}

interface KindFacts {
  readonly icon: Icon
  readonly word: string
}

const kinds: Record<string, KindFacts> = {
  dataset: { icon: IconDatabase, word: 'dataset' },
  contract: { icon: IconFileCertificate, word: 'contract' },
  label: { icon: IconTag, word: 'label' },
  feature: { icon: IconColumns3, word: 'feature view' },
  run: { icon: IconFlask2, word: 'run' },
  experiment: { icon: IconFlask2, word: 'experiment' },
  pipeline: { icon: IconSchema, word: 'pipeline' },
  'pipeline-run': { icon: IconSchema, word: 'pipeline run' },
  step: { icon: IconSchema, word: 'step' },
  evaluation: { icon: IconChecklist, word: 'evaluation' },
  model: { icon: IconBox, word: 'model' },
  deployment: { icon: IconServerBolt, word: 'deployment' },
  release: { icon: IconServerBolt, word: 'release' },
  rollout: { icon: IconArrowsSplit2, word: 'rollout' },
  rule: { icon: IconFilterCog, word: 'rule' },
  prediction: { icon: IconTargetArrow, word: 'prediction' },
  monitor: { icon: IconActivity, word: 'monitor' },
  window: { icon: IconActivity, word: 'window' },
  alert: { icon: IconBell, word: 'alert' },
  incident: { icon: IconAlertOctagon, word: 'incident' },
  bug: { icon: IconBug, word: 'bug' },
  lineage: { icon: IconHierarchy2, word: 'lineage' },
  decision: { icon: IconGavel, word: 'decision' },
  inbox: { icon: IconInbox, word: 'inbox item' },
  commit: { icon: IconGitCommit, word: 'commit' },
  environment: { icon: IconPackage, word: 'environment' },
  report: { icon: IconReport, word: 'report' },
  project: { icon: IconFolder, word: 'project' },
  person: { icon: IconUser, word: 'person' },
}

const aliases: Record<string, string> = {
  'dataset-version': 'dataset',
  'feature-view': 'feature',
  'model-version': 'model',
  'evaluation-result': 'evaluation',
  'inbox-item': 'inbox',
  approval: 'inbox',
  'monitor-window': 'window',
  'prediction-window': 'window',
  code: 'commit',
  lock: 'environment',
  principal: 'person',
  'service-account': 'person',
}

/** The kind that icons, words and URLs go by: `model-version` is a model with a version. */
export function plainKind(kind: string): string {
  return aliases[kind] ?? kind
}

/** The icon of a kind of entity. */
export function kindIcon(kind: string): Icon {
  return kinds[plainKind(kind)]?.icon ?? IconFile
}

/** What people call a kind: `feature view`. */
export function kindWord(kind: string): string {
  return kinds[plainKind(kind)]?.word ?? kind.replaceAll('-', ' ')
}

/** `v4` for versions, `#31` for runs of a pipeline, the text itself where it is not a number. */
export function formatVersion(kind: string, version: string | number): string {
  const text = String(version)
  if (!/^\d+$/.test(text)) return text
  return plainKind(kind) === 'pipeline-run' ? `#${text}` : `v${text}`
}
