/**
 * One prediction as the gateway appends it to a local segment before it answers. Acknowledged means: `write()` has returned (survives kill -9);
 * `fdatasync` follows within 50 ms (what a power failure may cost). It becomes visible in the prediction log when its segment was committed to Parquet.
 */
export interface PredictionRecord {
  /** The caller's id, or `prd_…` made by the gateway. Unique within a deployment: a repeated id is a repeated answer and counts once. */
  readonly id: string
  readonly project: string
  readonly deployment: string
  /** The release that answered, and the model version in it. */
  readonly release: string
  readonly model: string
  readonly version: number
  /** When the thing predicted happened; the request says it, else arrival time. */
  readonly eventTime: number
  /** When the gateway answered, milliseconds UTC. */
  readonly at: number
  readonly inputs: Readonly<Record<string, number | string | boolean | null>>
  /** Features that were looked up online, with the values that the model saw. */
  readonly features: Readonly<Record<string, number | string | boolean | null>>
  readonly outputs: Readonly<Record<string, number | string | boolean | null>>
  readonly latencyMicros: number
  /** The request that carried it; several rows of one request share it. */
  readonly request: string
}
