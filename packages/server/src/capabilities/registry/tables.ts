import type { Generated } from 'kysely'

declare module '../../kernel/db/database.ts' {
  interface Tables {
    model: ModelTable
    model_tag: { project_id: string; model: string; key: string; value: string }
    model_version: ModelVersionTable
    model_version_tag: { project_id: string; model: string; version: number; key: string; value: string }
    model_alias: ModelAliasTable
    /** OpenSSF signatures: a sigstore bundle in JSON, made when the version was registered. */
    model_signature: {
      project_id: string
      model: string
      version: number
      key_id: string
      bundle: string
      signed_at: number
    }
    /** Public keys that models of this instance were signed with. */
    model_signing_key: { key_id: string; public_key: string; added_at: number }
    model_evidence: ModelEvidenceTable
    model_strategy: { project_id: string; strategy: string; updated_at: number; updated_by: string }
  }
}

export interface ModelTable {
  project_id: string
  name: string
  description: string
  approval_policy: 'none' | 'required'
  /** 1: it needs retraining criteria to be promoted. */
  productive: number
  /** Retraining criteria in words. */
  retraining: string | null
  /** The greatest number that a version ever had. */
  last_version: number
  created_at: number
  updated_at: number
  created_by: string
}

export interface ModelAliasTable {
  project_id: string
  model: string
  alias: string
  version: number
  set_at: number
  set_by: string
  /** Why, in the words of whoever set it. */
  reason: Generated<string>
}

export interface ModelVersionTable {
  project_id: string
  model: string
  version: number
  state: 'pending' | 'ready' | 'failed'
  /** MLflow's stage; kept for clients that still set it. */
  stage: string
  description: string
  /** The source as the client said it. */
  source: string
  run_id: string | null
  run_link: string
  logged_model_id: string | null
  /** URN of the pipeline run that registered it. */
  pipeline_run: string | null
  /** Where the files were logged: `run/ID`, `logged-model/ID` or `pipeline-run/ID`, and the directory in it. */
  artifact_owner: string
  artifact_path: string
  /** SHA-256 of the canonical JSON of `files`. */
  artifact_digest: string
  /** JSON: path → {digest, size}; fixed at registration. */
  files: string
  /** JSON list. */
  flavors: string
  /** JSON, from the MLmodel file. */
  signature: string | null
  /** Path of the ONNX file among the files. */
  onnx: string | null
  gate: 'passed' | 'failed' | null
  gate_reason: string | null
  approval: 'waiting' | 'approved' | 'declined' | null
  /** URN of the newest request in the inbox. */
  approval_item: string | null
  /** JSON list of principal ids whose work it is; none of them may approve it. */
  authors: string
  deleted_at: number | null
  /** JSON: what people say about it: knownIssues, tradeOffs, usage. */
  notes: string
  /** JSON list of files that are Python pickles, with what shows it; null where nobody looked into the files. */
  pickles: string | null
  /** What the last parity test found. */
  parity: 'passed' | 'failed' | null
  parity_reason: string | null
  created_at: number
  updated_at: number
  created_by: string
}

export interface ModelEvidenceTable {
  project_id: string
  model: string
  version: number
  position: number
  kind: string
  verdict: string
  /** SHA-256 of the canonical JSON of the evidence's data. */
  digest: string
  /** SHA-256 of the canonical JSON of the whole record. */
  record_digest: string
  record: string
  at: number
}
