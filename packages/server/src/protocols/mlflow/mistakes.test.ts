import { describeEachDatabase } from '@trivium/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'

const posts = [
  'experiments/create',
  'experiments/search',
  'experiments/delete',
  'experiments/restore',
  'experiments/update',
  'experiments/set-experiment-tag',
  'experiments/delete-experiment-tag',
  'experiments/search-datasets',
  'runs/create',
  'runs/update',
  'runs/delete',
  'runs/restore',
  'runs/log-metric',
  'runs/log-parameter',
  'runs/set-tag',
  'runs/delete-tag',
  'runs/log-batch',
  'runs/log-model',
  'runs/log-inputs',
  'runs/outputs',
  'runs/search',
  'logged-models',
  'logged-models/search',
  'logged-models/m-x/params',
  'registered-models/create',
  'registered-models/rename',
  'registered-models/get-latest-versions',
  'registered-models/set-tag',
  'registered-models/alias',
  'model-versions/create',
  'model-versions/transition-stage',
  'model-versions/set-tag',
]
const gets = [
  'experiments/get',
  'experiments/get-by-name',
  'experiments/search',
  'runs/get',
  'metrics/get-history',
  'metrics/get-history-bulk-interval',
  'metrics/get-history-bulk',
  'artifacts/list',
  'logged-models/x',
  'logged-models/x/artifacts/directories',
  'registered-models/get',
  'registered-models/search',
  'registered-models/alias',
  'model-versions/get',
  'model-versions/search',
  'model-versions/get-download-uri',
]

/** Whatever a client sends: no call answers with an error that it would repeat for minutes. */
describeEachDatabase('mistakes of clients', ({ world }) => {
  test('nothing that a client sends is answered with 5xx', async () => {
    const project = await world.makeProject()
    const client = await world.as('contributor', project)
    const post = (path: string, body: unknown) => client.call('POST', `/api/2.0/mlflow/${path}`, body)
    const run = (await post('runs/create', {})).json.run.info.run_id as string
    await post('registered-models/create', { name: 'model' })
    const text = fc.oneof(
      fc.constantFrom(
        '',
        '0',
        '1',
        '-1',
        run,
        'model',
        'champion',
        'x',
        '\u0000',
        'a\u0000b',
        '\ud800',
        '../..',
        '/',
        '%',
        '{',
        "'",
        'models:/m-x',
        `runs:/${run}/model`,
        'mlflow-artifacts:/0/x/artifacts',
        'NaN',
        'FINISHED',
        '9'.repeat(30),
        'x'.repeat(9000),
      ),
      fc.string({ unit: 'binary', maxLength: 12 }),
    )
    const scalar = fc.oneof(
      text,
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom(2 ** 60, -(2 ** 63), 1e308, -0),
    )
    const message = fc.dictionary(
      fc.constantFrom(
        'key',
        'value',
        'timestamp',
        'step',
        'model_id',
        'field_name',
        'dataset_name',
        'dataset',
        'tags',
        'ascending',
      ),
      scalar,
      { maxKeys: 5 },
    )
    const value = fc.oneof(
      { weight: 4, arbitrary: scalar },
      { weight: 1, arbitrary: fc.array(fc.oneof(scalar, message), { maxLength: 3 }) },
      { weight: 1, arbitrary: message },
    )
    const fields = fc.constantFrom(
      'experiment_id',
      'experiment_ids',
      'experiment_name',
      'name',
      'new_name',
      'run_id',
      'run_uuid',
      'key',
      'value',
      'timestamp',
      'step',
      'status',
      'end_time',
      'start_time',
      'run_name',
      'user_id',
      'metrics',
      'params',
      'tags',
      'filter',
      'order_by',
      'max_results',
      'page_token',
      'view_type',
      'run_view_type',
      'datasets',
      'models',
      'model_json',
      'version',
      'alias',
      'stage',
      'archive_existing_versions',
      'source',
      'description',
      'metric_key',
      'run_ids',
      'path',
      'start_step',
      'end_step',
      'model_id',
    )
    const body = fc
      .dictionary(fields, value, { maxKeys: 8 })
      .map((random) => ({ ...random, ...('run_id' in random ? {} : { run_id: run }) }))
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...posts), body, async (path, sent) => {
        const answer = await post(path, sent)
        expect(answer.status, `${path} ${JSON.stringify(sent)} → ${answer.text}`).toBeLessThan(500)
        const code = answer.status < 400 ? 'none' : answer.json.error_code
        expect(code).toMatch(/^([A-Z_]+|none)$/)
      }),
      { numRuns: 600 },
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...gets),
        fc.dictionary(fields, fc.oneof(text, fc.integer().map(String)), { maxKeys: 6 }),
        async (path, query) => {
          const answer = await client.call('GET', `/ajax-api/2.0/mlflow/${path}?${new URLSearchParams(query)}`)
          expect(answer.status, `${path} ${JSON.stringify(query)} → ${answer.text}`).toBeLessThan(500)
        },
      ),
      { numRuns: 400 },
    )
  }, 60_000)

  test.each([
    ['registered-models/create', { name: 'a/b' }, 'INVALID_PARAMETER_VALUE', "Invalid model name 'a/b'"],
    [
      'registered-models/create',
      { name: 'taken' },
      'RESOURCE_ALREADY_EXISTS',
      'Registered Model (name=taken) already exists.',
    ],
    [
      'registered-models/alias',
      { name: 'taken', alias: 'latest', version: '1' },
      'INVALID_PARAMETER_VALUE',
      "'latest' alias name (case insensitive) is reserved.",
    ],
    [
      'registered-models/alias',
      { name: 'taken', alias: 'v1', version: '1' },
      'INVALID_PARAMETER_VALUE',
      "Version alias name 'v1' is reserved.",
    ],
    [
      'registered-models/alias',
      { name: 'taken', alias: 'champion', version: '7' },
      'RESOURCE_DOES_NOT_EXIST',
      'Model Version (name=taken, version=7) not found',
    ],
    [
      'registered-models/alias',
      { name: 'taken', alias: 'champion', version: 'x' },
      'INVALID_PARAMETER_VALUE',
      "Parameter 'version' must be an integer",
    ],
    [
      'model-versions/create',
      { name: 'none', source: 'models:/m-1' },
      'RESOURCE_DOES_NOT_EXIST',
      'Registered Model with name=none not found',
    ],
    [
      'model-versions/create',
      { name: 'taken', source: 'file:///etc/passwd' },
      'INVALID_PARAMETER_VALUE',
      'Invalid model version source',
    ],
    [
      'model-versions/create',
      { name: 'taken', source: 'models:/m-1' },
      'RESOURCE_DOES_NOT_EXIST',
      "Logged model with ID 'm-1' not found.",
    ],
    [
      'model-versions/transition-stage',
      { name: 'taken', version: '1', stage: 'Best', archive_existing_versions: false },
      'INVALID_PARAMETER_VALUE',
      'Invalid Model Version stage: Best',
    ],
  ])('%s with %j answers in words that its users know', async (path, body, code, message) => {
    const client = await world.as('contributor')
    await client.call('POST', '/api/2.0/mlflow/registered-models/create', { name: 'taken' })
    expect((await client.call('POST', `/api/2.0/mlflow/${path}`, body)).json).toMatchObject({
      error_code: code,
      message: expect.stringContaining(message),
    })
  })

  test('prompts are registered models that searches find only when they are asked for', async () => {
    const client = await world.as('contributor', await world.makeProject())
    for (const [name, tags] of [
      ['model', []],
      ['prompt', [{ key: 'mlflow.prompt.is_prompt', value: 'true' }]],
    ] as const)
      await client.call('POST', '/api/2.0/mlflow/registered-models/create', { name, tags })
    const search = async (filter: string) =>
      (
        await client.call('GET', `/api/2.0/mlflow/registered-models/search?${new URLSearchParams({ filter })}`)
      ).json.registered_models.map((m: { name: string }) => m.name)
    expect(await search('')).toEqual(['model'])
    expect(await search("tags.`mlflow.prompt.is_prompt` = 'true'")).toEqual(['prompt'])
    expect(await search("tags.`mlflow.prompt.is_prompt` != 'true'")).toEqual(['model'])
    expect(await search("name ILIKE 'M%'")).toEqual(['model'])
  })
})
