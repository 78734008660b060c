/** Columns of a model's input or output, as its signature says. */
export interface TensorSpec {
  readonly name: string
  /** Open Inference Protocol types: FP32, FP64, INT64, INT32, BOOL, BYTES (text), … */
  readonly datatype: string
  /** -1 is a free dimension. */
  readonly shape: readonly number[]
}

export interface ModelSignature {
  readonly inputs: readonly TensorSpec[]
  readonly outputs: readonly TensorSpec[]
}

/** Values of one tensor, row-major: text as string[], 64-bit integers as bigint arrays, else numbers. */
export interface Tensor extends TensorSpec {
  readonly data: Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | string[]
}

/** A loaded model. Never lives in main: the gateway and the evaluation child hold them. */
export interface LoadedModel {
  readonly signature: ModelSignature
  run(inputs: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>>
  close(): Promise<void>
}

/** Loads and runs models of one format; evaluation and serving run models the same way. */
export interface ModelRuntime {
  readonly format: 'onnx'
  /** Throws MODEL.NOT_READABLE with the reason when the file is no model. */
  load(path: string): Promise<LoadedModel>
}

/** Scores a table with a model in a child process, for evaluation: one output column a model output, in the order of the rows. */
export interface BatchScorer {
  /** Reads the signature of a model file in a child process (hostile files are parsed there), or throws MODEL.NOT_READABLE. */
  inspect(modelPath: string): Promise<ModelSignature>
  /**
   * Runs the model over the rows of a Parquet file (columns are matched to inputs by name; a single 2-D input takes `featureNames` in order) and
   * writes Parquet with the input's row order: `outputPath` has column `row` and one column for each output column.
   */
  score(request: {
    modelPath: string
    rowsPath: string
    outputPath: string
    featureNames?: readonly string[]
    signal?: AbortSignal
  }): Promise<{ rows: number; columns: string[] }>
  close(): Promise<void>
}
