import type {
  Evidence,
  ModelCard,
  ModelPolicy,
  ModelRetraining,
  ModelSignatureReport,
  ModelStrategy,
  ModelVersionDetail,
  ModelVersionRow,
  ModelVersionSignature,
  RegisteredModel,
} from '@trivium/contract'
import { parseUrn } from '../../kernel/ids/index.ts'
import type { Trx } from '../../kernel/db/index.ts'
import type { Kernel } from '../../kernel/kernel.ts'
import type { ModelReferenceResolver } from '../../kernel/ports/index.ts'
import type { Scope } from '../../kernel/principal/index.ts'
import type { Datasets } from '../datasets/index.ts'
import type { Inbox } from '../inbox/index.ts'
import type { Pipelines } from '../pipelines/index.ts'
import { type ApprovalRequest, applyDecisions, catchUp, requestApproval } from './approval.ts'
import { type DeployableVersion, findByReference, requireDeployable } from './deployable.ts'
import { describeFiles } from './describe-files.ts'
import { attachEvidence, verifyAllEvidence } from './evidence.ts'
import { readDataset } from './has-dataset.ts'
import { type AliasOptions, deleteAlias, setAlias, writeAlias } from './aliases.ts'
import {
  createModel,
  deleteModel,
  type RegistryDeps,
  renameModel,
  setPolicy,
  type TagEdit,
  updateModel,
} from './models.ts'
import {
  presentModels,
  presentVersions,
  requireModel,
  requireVersion,
  versionDetail,
  versionUrn,
} from './read-models.ts'
import { readModelCard } from './model-card.ts'
import type { ParityOutcomes } from './parity/recorded-rows.ts'
import { type ParityRequest, testParity } from './parity/test-parity.ts'
import type { ProvDocument } from './provenance/prov-json.ts'
import { readBillOfMaterials } from './provenance/read-bill.ts'
import { type OriginDeps, readProvenance } from './provenance/read-provenance.ts'
import { readSignature, signLater, verifyVersion } from './provenance/verify-version.ts'
import { deleteVersion, type NewVersion, proposed, registerVersion, updateVersion } from './register-version.ts'
import { recordGate } from './record-gate.ts'
import { resolveSource, type VersionSource } from './resolve-source.ts'
import { readRetraining } from './retraining.ts'
import { newestByStage, type RegistryQuery, searchModels, searchVersions } from './search-models.ts'
import { readStrategy, setStrategy, versionProblems } from './strategy.ts'
import type { ModelVersionTable } from './tables.ts'
import { readVersionActs, type VersionActs } from './version-acts.ts'
import { readMilestones, type VersionMilestones } from './version-milestones.ts'
import { readReasons, type VersionReasons } from './version-reasons.ts'
import './tables.ts'

/** Registered models, versions, aliases, evidence, policies and approvals. */
export interface Registry extends ModelReferenceResolver {
  readonly blobs: Kernel['blobs']
  createModel(
    scope: Scope,
    input: { name: string; description?: string; tags?: readonly { key: string; value: string }[] },
  ): Promise<RegisteredModel>
  updateModel(
    scope: Scope,
    name: string,
    change: { description?: string; tags?: readonly TagEdit[] },
  ): Promise<RegisteredModel>
  renameModel(scope: Scope, name: string, next: string): Promise<RegisteredModel>
  deleteModel(scope: Scope, name: string): Promise<void>
  model(scope: Scope, name: string): Promise<RegisteredModel>
  models(
    scope: Scope,
    query: Omit<RegistryQuery, 'project'>,
  ): Promise<{ models: RegisteredModel[]; more: boolean; next: (fingerprint: unknown) => string | undefined }>
  /** Changes what is given of a model's policy; event `model.policy-set`. */
  setPolicy(scope: Scope, name: string, change: Partial<ModelPolicy>): Promise<RegisteredModel>
  strategy(scope: Scope): Promise<ModelStrategy>
  setStrategy(scope: Scope, strategy: ModelStrategy): Promise<ModelStrategy>
  /** When a model is retrained, how old it is, and how the last retraining went. */
  retraining(scope: Scope, name: string): Promise<ModelRetraining>
  /** Points an alias to a version, with a reason where one is given; whoever comes again with the key `once` changes nothing. */
  setAlias(scope: Scope, name: string, alias: string, version: number, options?: AliasOptions): Promise<void>
  /** The same in the transaction of something else. */
  pointAlias(trx: Trx, scope: Scope, name: string, alias: string, version: number): Promise<void>
  deleteAlias(scope: Scope, name: string, alias: string): Promise<void>
  /** Finds the files behind `runs:/RUN/PATH`, `models:/…` or an artifact URI of the project. */
  resolveSource(scope: Scope, source: string, hints?: { run?: string; loggedModel?: string }): Promise<VersionSource>
  /** The next version of a model, which is made when it does not exist. Numbers are consecutive under concurrency. */
  registerVersion(scope: Scope, input: NewVersion): Promise<{ model: string; version: number; urn: string }>
  /** What the strategy of the project would refuse it for; nothing is registered. */
  checkVersion(scope: Scope, input: NewVersion): Promise<string[]>
  updateVersion(
    scope: Scope,
    model: string,
    version: number,
    change: Parameters<typeof updateVersion>[4],
  ): Promise<void>
  deleteVersion(scope: Scope, model: string, version: number): Promise<void>
  version(scope: Scope, model: string, version: number): Promise<ModelVersionDetail>
  /** Its lineage in PROV-JSON. */
  provenance(scope: Scope, model: string, version: number): Promise<ProvDocument>
  /** Its bill of materials, CycloneDX 1.6. */
  bill(scope: Scope, model: string, version: number): Promise<Record<string, unknown>>
  /** Its OpenSSF signature, made at registration; throws REGISTRY.NOT_SIGNED. */
  signature(scope: Scope, model: string, version: number): Promise<ModelVersionSignature>
  /** Signs one that has no signature. */
  sign(scope: Scope, model: string, version: number): Promise<ModelVersionSignature>
  /** Checks signature, list and every file. */
  verify(scope: Scope, model: string, version: number): Promise<ModelSignatureReport>
  /** The page of a version, made from what was recorded. */
  card(scope: Scope, model: string, version: number): Promise<ModelCard>
  /** Versions, newest first, with what gates, reviews and checks said of them. */
  reasons(scope: Scope, model: string, page: { below?: number | undefined; limit: number }): Promise<VersionReasons[]>
  /** When the newest versions of the project, or of one model, came how far. */
  milestones(scope: Scope, of: { model?: string | undefined; limit: number }): Promise<VersionMilestones[]>
  /** The newest versions with who asked whom to decide, what was said and what came back. */
  acts(scope: Scope, of: { model?: string | undefined; limit: number }): Promise<VersionActs[]>
  /** The stored row, with the files of the version as JSON. */
  versionRow(scope: Scope, model: string, version: number): Promise<ModelVersionTable>
  versions(
    scope: Scope,
    query: Omit<RegistryQuery, 'project'>,
  ): Promise<{
    rows: ModelVersionTable[]
    versions: ModelVersionRow[]
    more: boolean
    next: (fingerprint: unknown) => string | undefined
  }>
  /** The newest version of each stage of MLflow, of several models at once. */
  newestByStage(
    scope: Scope,
    models: readonly string[],
  ): Promise<{ rows: ModelVersionTable[]; versions: ModelVersionRow[] }>
  /** Versions that were made from a logged model. */
  registrationsOf(scope: Scope, loggedModel: string): Promise<{ name: string; version: string }[]>
  /** Attaches evidence for ever; its digest has to be that of its data. */
  attachEvidence(scope: Scope, model: string, version: number, evidence: Evidence): Promise<void>
  /** Attaches a gate's evidence and makes it the version's last word; event `gate.passed` or `gate.rejected`. Whoever comes again with the key `once` gets what was recorded first. */
  recordGate(scope: Scope, model: string, version: number, evidence: Evidence, once: string): Promise<Evidence>
  /** Compares a version with its original on recorded inputs and attaches what was found. */
  testParity(scope: Scope, model: string, version: number, request: ParityRequest): Promise<Evidence>
  requestApproval(
    scope: Scope,
    model: string,
    version: number,
    request?: ApprovalRequest,
  ): Promise<{ item: string; urn: string }>
  /** What was decided in an inbox item; undefined while it is open. */
  decisionOf(scope: Scope, item: string): Promise<{ approved: boolean; sentence: string } | undefined>
  /** The version behind `MODEL@ALIAS` or `MODEL/3`, or 409 that says what is missing. */
  requireDeployable(scope: Scope, reference: string): Promise<DeployableVersion>
  /** Recomputes every digest of the attached evidence and logs what is broken; called once at start. */
  verifyEvidence(signal?: AbortSignal): Promise<{
    checked: number
    broken: { project: string; model: string; version: number; position: number }[]
  }>
}

/** What the registry asks of the floors below. */
export interface RegistryNeeds extends OriginDeps {
  readonly inbox: Inbox
  readonly pipelines: Pick<Pipelines, 'triggers' | 'runs' | 'run' | 'get' | 'runApart'>
  readonly datasets: Pick<Datasets, 'version' | 'get' | 'opened'>
  readonly outcomes: ParityOutcomes
}

export function createRegistry(
  kernel: RegistryDeps & Pick<Kernel, 'consumers' | 'paths' | 'tables' | 'scorer'>,
  { inbox, pipelines, ...others }: RegistryNeeds,
): Registry {
  const { db, clock, events, blobs, logger, signingKey } = kernel
  const deps = { db, clock, events, blobs, logger, signingKey, inbox }
  const origins = { ...others, pipelines }
  kernel.consumers.add({
    name: 'registry',
    events: ['inbox.decided', 'inbox.withdrawn'],
    handle: (trx, batch) => applyDecisions(deps, trx, batch),
  })
  /** Looked up only where the strategy asks for one. */
  const hasAskedDataset = async (scope: Scope, input: NewVersion): Promise<boolean> =>
    (await readStrategy(db.read, scope.project)).require.includes('dataset') && readDataset(origins, scope, input)
  const model = async (scope: Scope, name: string): Promise<RegisteredModel> => {
    const [found] = await presentModels(db.read, scope.project, [await requireModel(db.read, scope.project, name)])
    return found as RegisteredModel
  }
  return {
    blobs,
    createModel: async (scope, input) => {
      await createModel(deps, scope, input)
      return model(scope, input.name)
    },
    updateModel: async (scope, name, change) => {
      await updateModel(deps, scope, name, change)
      return model(scope, name)
    },
    renameModel: async (scope, name, next) => {
      await renameModel(deps, scope, name, next)
      return model(scope, next)
    },
    deleteModel: (scope, name) => deleteModel(deps, scope, name),
    model,
    models: async (scope, query) => {
      const { rows, more, next } = await searchModels(db.read, db.dialect, { project: scope.project, ...query })
      return { models: await presentModels(db.read, scope.project, rows), more, next }
    },
    strategy: (scope) => readStrategy(db.read, scope.project),
    setStrategy: (scope, strategy) => setStrategy(deps, scope, strategy),
    retraining: (scope, name) => readRetraining({ db, clock, pipelines }, scope, name),
    setPolicy: async (scope, name, change) => {
      await setPolicy(deps, scope, name, change)
      return model(scope, name)
    },
    setAlias: (scope, name, alias, version, options) => setAlias(deps, scope, name, alias, version, options),
    pointAlias: (trx, scope, name, alias, version) => writeAlias(deps, trx, scope, name, alias, version),
    deleteAlias: (scope, name, alias) => deleteAlias(deps, scope, name, alias),
    resolveSource: (scope, source, hints) => resolveSource(db.read, scope.project, source, hints),
    registerVersion: async (scope, input) => {
      const hasDataset = await hasAskedDataset(scope, input)
      const row = await registerVersion(deps, scope, { ...input, hasDataset })
      return { model: row.model, version: row.version, urn: versionUrn(scope.project, row.model, row.version) }
    },
    checkVersion: async (scope, input) => {
      const hasDataset = await hasAskedDataset(scope, input)
      const files = await describeFiles(blobs, scope.project, input.source.files)
      const strategy = await readStrategy(db.read, scope.project)
      return versionProblems(db.read, scope.project, strategy, proposed({ ...input, hasDataset }, files))
    },
    updateVersion: (scope, name, version, change) => updateVersion(deps, scope, name, version, change),
    deleteVersion: (scope, name, version) => deleteVersion(deps, scope, name, version),
    version: (scope, name, version) => versionDetail(db.read, scope.project, name, version),
    card: (scope, name, version) => readModelCard({ db, blobs, tracking: origins.tracking }, scope, name, version),
    provenance: (scope, name, version) => readProvenance({ db, ...origins }, scope, name, version),
    bill: (scope, name, version) => readBillOfMaterials({ db, blobs, ...origins }, scope, name, version),
    signature: (scope, name, version) => readSignature(deps, scope, name, version),
    sign: (scope, name, version) => signLater(deps, scope, name, version),
    verify: (scope, name, version) => verifyVersion(deps, scope, name, version),
    reasons: (scope, name, page) => readReasons(db.read, scope.project, name, page),
    milestones: (scope, of) => readMilestones(db.read, scope.project, of),
    acts: (scope, of) => readVersionActs(db.read, scope.project, of),
    versionRow: (scope, name, version) => requireVersion(db.read, scope.project, name, version),
    versions: async (scope, query) => {
      const { rows, more, next } = await searchVersions(db.read, db.dialect, { project: scope.project, ...query })
      return { rows, versions: await presentVersions(db.read, scope.project, rows), more, next }
    },
    newestByStage: async (scope, models) => {
      const rows = await newestByStage(db.read, scope.project, models)
      return { rows, versions: await presentVersions(db.read, scope.project, rows) }
    },
    registrationsOf: async (scope, loggedModel) => {
      const rows = await db.read
        .selectFrom('model_version')
        .select(['model', 'version'])
        .where('project_id', '=', scope.project)
        .where('logged_model_id', '=', loggedModel)
        .where('deleted_at', 'is', null)
        .orderBy('created_at')
        .execute()
      return rows.map((row) => ({ name: row.model, version: String(row.version) }))
    },
    attachEvidence: async (scope, name, version, evidence) => {
      await db.write.transaction().execute((trx) => attachEvidence(deps, trx, scope, name, version, evidence))
    },
    recordGate: (scope, name, version, evidence, once) => recordGate(deps, scope, name, version, evidence, once),
    testParity: (scope, name, version, request) =>
      testParity({ ...kernel, ...others, pipelines }, scope, name, version, request),
    requestApproval: (scope, name, version, request) => requestApproval(deps, scope, name, version, request ?? {}),
    decisionOf: async (scope, item) => {
      const { state, decision, overdueAt } = await inbox.get(scope, parseUrn(item)?.id ?? '')
      if (state === 'open') return undefined
      if (!decision)
        return {
          approved: false,
          sentence:
            overdueAt === null ? 'The request for approval was withdrawn.' : 'Nobody decided before the deadline.',
        }
      await catchUp(deps, scope.project, item)
      const approved = decision.option === 'approve'
      return {
        approved,
        sentence: `${decision.byName} ${approved ? 'approved' : 'declined'} it${decision.reason === '' ? '.' : `: ${decision.reason}`}`,
      }
    },
    requireDeployable: async (scope, reference) => {
      const row = await findByReference(db.read, scope.project, reference)
      if (row?.approval === 'waiting' && row.approval_item !== null)
        await catchUp(deps, scope.project, row.approval_item)
      return requireDeployable(db.read, scope, reference)
    },
    resolve: async (scope, reference) => {
      const row = await findByReference(db.read, scope.project, reference)
      if (!row) return undefined
      const urn = versionUrn(scope.project, row.model, row.version)
      return {
        urn,
        model: row.model,
        version: row.version,
        artifact: { kind: 'model', digest: row.artifact_digest, urn, value: JSON.parse(row.files) as unknown },
      }
    },
    verifyEvidence: async (signal) => {
      const result = await verifyAllEvidence(db.read, signal)
      if (result.broken.length > 0)
        logger.error(result, 'evidence of model versions is not what was attached; these versions cannot be deployed')
      return result
    },
  }
}
