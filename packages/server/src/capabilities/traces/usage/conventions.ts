/** Where a convention of OpenTelemetry has what MLflow's metrics are made of; the first key that is there counts. */
export interface Convention {
  readonly input: readonly string[]
  readonly output: readonly string[]
  readonly total: readonly string[]
  readonly cacheRead: readonly string[]
  readonly cacheCreation: readonly string[]
  readonly model: readonly string[]
  readonly provider: readonly string[]
  /** Attribute that says what kind of span it is, and what MLflow calls each kind. */
  readonly kind: string
  readonly types: Readonly<Record<string, string>>
}

const same = (...names: string[]): Record<string, string> => Object.fromEntries(names.map((name) => [name, name]))

/** In the order in which they are asked, as MLflow's server asks them. */
export const conventions: readonly Convention[] = [
  // OpenInference
  {
    input: ['llm.token_count.prompt'],
    output: ['llm.token_count.completion'],
    total: ['llm.token_count.total'],
    cacheRead: ['llm.token_count.prompt_details.cache_read'],
    cacheCreation: ['llm.token_count.prompt_details.cache_write'],
    model: ['llm.response.model_name', 'llm.model_name', 'llm.request.model_name', 'embedding.model_name'],
    provider: ['llm.provider'],
    kind: 'openinference.span.kind',
    types: same('TOOL', 'CHAIN', 'LLM', 'RETRIEVER', 'EMBEDDING', 'AGENT', 'RERANKER', 'GUARDRAIL', 'EVALUATOR'),
  },
  // OpenTelemetry's own for generative AI; it has no total.
  {
    input: ['gen_ai.usage.input_tokens'],
    output: ['gen_ai.usage.output_tokens'],
    total: [],
    cacheRead: ['gen_ai.usage.cache_read.input_tokens'],
    cacheCreation: ['gen_ai.usage.cache_write.input_tokens', 'gen_ai.usage.cache_creation.input_tokens'],
    model: ['gen_ai.response.model', 'gen_ai.request.model'],
    provider: ['gen_ai.provider.name'],
    kind: 'gen_ai.operation.name',
    types: {
      chat: 'CHAT_MODEL',
      create_agent: 'AGENT',
      embeddings: 'EMBEDDING',
      execute_tool: 'TOOL',
      generate_content: 'LLM',
      invoke_agent: 'AGENT',
      text_completion: 'LLM',
      response: 'LLM',
    },
  },
  // What came before it, as OpenLLMetry has it; `llm.usage.prompt_tokens` and its pair are older still, and MLflow does not read them.
  {
    input: ['gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens'],
    output: ['gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens'],
    total: ['llm.usage.total_tokens'],
    cacheRead: [],
    cacheCreation: [],
    model: [],
    provider: ['gen_ai.system'],
    kind: 'traceloop.span.kind',
    types: { workflow: 'WORKFLOW', task: 'TASK', agent: 'AGENT', tool: 'TOOL' },
  },
]
