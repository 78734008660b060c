import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Client, describeEachDatabase, type World } from '@trivium/testing'
import { type Kysely, sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import {
  endOfRun,
  readRun,
  runPipeline,
  savePipeline,
  startRun,
  statesOf,
  stepOf,
  waitForRun,
} from './pipelines.fixture.ts'

const code = `
import base64, json, os, sys, time, urllib.error, urllib.parse, urllib.request

def call(method, path, body):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["TRIVIUM_URL"] + path, raw, method=method, headers={"Authorization": "Bearer " + os.environ["TRIVIUM_TOKEN"], "Content-Type": "application/json" if raw is not body else "application/octet-stream"})
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        return {"refused": error.code, "said": error.read().decode()}

def leak(report):
    key, pem = os.environ["API_KEY"], os.environ["PEM"]
    print("plain", key)
    print("encoded", base64.b64encode(key.encode()).decode(), base64.b64encode(("me:" + key).encode()).decode(), urllib.parse.quote(key), json.dumps({"k": key}), repr(key))
    sys.stdout.write("in two " + key[:7]); sys.stdout.flush(); time.sleep(0.01); sys.stdout.write(key[7:] + "\\n")
    sys.stdout.write("x" * 65530 + key + "\\n")
    print(pem)
    print("on stderr", key, file=sys.stderr)
    for process in os.listdir("/proc"):
        try:
            with open("/proc/" + process + "/cmdline", "rb") as file:
                assert key.encode() not in file.read(), "on a command line"
        except OSError:
            pass
    run = call("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0", "start_time": 1, "run_name": "with " + key})["run"]["info"]["run_id"]
    call("POST", "/api/2.0/mlflow/runs/log-parameter", {"run_id": run, "key": "key", "value": key})
    call("POST", "/api/2.0/mlflow/runs/log-batch", {"run_id": run, "metrics": [{"key": "auc " + key, "value": 1, "timestamp": 1, "step": 0}], "params": [{"key": "pem", "value": pem}], "tags": [{"key": "t", "value": json.dumps(key)}]})
    refused = call("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/" + run + "/artifacts/notes.txt", ("see " + key).encode())
    kept = call("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/" + run + "/artifacts/fine.txt", b"nothing to hide")
    with open(report, "w") as file:
        file.write("fine")
    return {"shown": {"key": key, "list": [pem]}, "run": run, "refused": refused, "kept": kept, "has": [len(key), os.environ.get("OTHER")]}

def fail():
    raise ValueError("not with " + os.environ["API_KEY"] + " and " + os.environ["PEM"])

def write(out):
    with open(out, "wb") as file:
        file.write(b"\\0" * 70000 + os.environ["API_KEY"].encode() + b"\\0")

def wait():
    time.sleep(0.6)
    return {"n": 1}

def after():
    return {"n": len(os.environ["API_KEY"])}
`
const yaml = `
name: leaky
steps:
  leak: { run: "steps:leak", out: { report: file, shown: value, run: value, refused: value, kept: value, has: value }, secrets: { API_KEY: api-key, PEM: pem } }
  fail: { run: "steps:fail", secrets: { API_KEY: api-key, PEM: pem } }
  write: { run: "steps:write", out: { out: file }, secrets: { API_KEY: api-key } }
  program: { kind: command, run: [sh, -c, 'echo "$API_KEY"; echo "{\\"n\\": \\"$(printf %s "$API_KEY" | base64 -w0)\\"}" > "$0"', '\${out.n}'], out: { n: value }, secrets: { API_KEY: api-key } }
`
const files = { 'steps.py': code }
const apiKey = `sk/${randomBytes(8).toString('hex')}"ö ü'=${randomBytes(4).toString('hex')}`
const pem = `-----BEGIN TEST KEY-----\n${randomBytes(30).toString('base64')}\n${randomBytes(30).toString('base64')}\n-----END TEST KEY-----`
const lines = pem.split('\n').slice(1, 3)
const forms = [
  apiKey,
  apiKey.slice(0, 19),
  Buffer.from(apiKey).toString('base64'),
  encodeURIComponent(apiKey),
  ...lines,
]

/** Every table as text. */
async function databaseText({ kernel }: World, dialect: string): Promise<string> {
  const db = kernel.db.read as unknown as Kysely<Record<string, unknown>>
  const tables =
    dialect === 'sqlite'
      ? await sql<{ name: string }>`select name from sqlite_master where type = 'table'`.execute(db)
      : await sql<{
          name: string
        }>`select table_name as name from information_schema.tables where table_schema = 'public'`.execute(db)
  const texts = await Promise.all(
    tables.rows.map(async ({ name }) =>
      JSON.stringify((await sql`select * from ${sql.table(name)}`.execute(db)).rows, (_key, value: unknown) =>
        value instanceof Uint8Array
          ? Buffer.from(value).toString('latin1')
          : typeof value === 'bigint'
            ? String(value)
            : value,
      ),
    ),
  )
  return texts.join('\n')
}

/** Files below the data directory that hold one of the texts. */
function filesWith(directory: string, texts: readonly string[]): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => {
      const bytes = readFileSync(path)
      return texts.some((text) => bytes.includes(text))
    })
}

describeEachDatabase('secrets of pipelines', ({ world, dialect }) => {
  let client: Client
  const live: string[] = []
  const set = async (name: string, value: string, more = {}): Promise<void> => {
    const answer = await client.call('PUT', `/api/v1/projects/${client.scope.project}/secrets/${name}`, {
      value,
      ...more,
    })
    if (answer.status !== 200) throw new Error(answer.text)
  }

  beforeAll(async () => {
    await world.app.listen({ host: '127.0.0.1', port: 0 })
    client = await world.as('maintainer', await world.makeProject())
    await set('api-key', apiKey)
    await set('pem', pem)
  })

  test('a run that prints, raises, logs, returns and writes its secrets leaves none of them anywhere', async () => {
    const ends = world.kernel.volatile.subscribe(
      client.scope.project,
      (message) => void live.push(JSON.stringify(message)),
    )
    const run = await runPipeline(client, { name: 'leaky', yaml, files })
    ends()
    expect(statesOf(run)).toEqual({ leak: 'finished', fail: 'failed', write: 'failed', program: 'finished' })
    const output = Object.fromEntries(stepOf(run, 'leak').outputs.map((one) => [one.name, one.value]))
    // The step did get them.
    expect(output['has']).toEqual([apiKey.length, null])
    expect(output['shown']).toEqual({ key: '***api-key***', list: ['***pem***'] })
    expect(output['refused']).toMatchObject({
      refused: 422,
      said: expect.stringContaining('holds the value of secret \\"api-key\\"'),
    })
    expect(output['kept']).not.toHaveProperty('refused')
    expect(stepOf(run, 'program').outputs[0]?.value).toEqual({ n: '***api-key***' })
    expect(stepOf(run, 'fail').attempts[0]?.error?.message).toContain('***pem***')
    expect(stepOf(run, 'fail').attempts[0]?.error?.detail).toContain('not with ***api-key*** and ***pem***')
    expect(stepOf(run, 'write').reason).toContain('wrote the value of secret "api-key" into an output')
    const base = `/api/v1/projects/${client.scope.project}`
    const log = await client.call('GET', `${base}/pipeline-runs/${run.id}/steps/leak/log`)
    const texts = (log.json.lines as { text: string }[]).map(({ text }) => text)
    expect(texts).toContain('plain ***api-key***')
    expect(texts).toContain('in two ***api-key***')
    expect(texts).toContain('on stderr ***api-key***')
    expect(texts.filter((text) => text === '***pem***')).toHaveLength(4)
    const logged = await client.call('GET', `${base}/runs/${output['run'] as string}`)
    expect(JSON.stringify(logged.json)).toContain('***api-key***')
    await world.settled(client.scope.project)
    await world.capabilities.accessLog.flush()
    const answers = await Promise.all(
      [
        '/secrets',
        '/events?limit=1000',
        `/pipeline-runs/${run.id}`,
        '/pipelines/leaky',
        `/pipeline-runs/${run.id}/steps/fail/log`,
        `/pipeline-runs/${run.id}/steps/program/log`,
      ].map((path) => client.call('GET', `${base}${path}`)),
    )
    for (const answer of [log, logged, ...answers])
      expect([200, ...forms.filter((form) => answer.text.includes(form))]).toEqual([answer.status])
    expect(live.length).toBeGreaterThan(5)
    const stored = `${await databaseText(world, dialect)}\n${live.join('\n')}`
    expect(stored).toContain('***api-key***')
    // As the text stands, and as JSON in JSON has it.
    for (const form of forms)
      for (const text of [form, JSON.stringify(form).slice(1, -1)]) expect(stored.includes(text), text).toBe(false)
    expect(filesWith(world.kernel.paths.data, forms)).toEqual([])
  }, 60_000)

  test('a new value changes no cache key, another secret does; who used it is told', async () => {
    const bundle = (secret: string) => ({
      name: 'cached',
      yaml: `name: cached\nsteps:\n  after: { run: "steps:after", out: { n: value }, secrets: { API_KEY: ${secret} } }\n`,
      files,
    })
    expect(statesOf(await runPipeline(client, bundle('pem')))).toEqual({ after: 'finished' })
    await set('pem', `${pem}!`, { overlapSeconds: 600 })
    const again = await runPipeline(client, bundle('pem'))
    expect(statesOf(again)).toEqual({ after: 'cached' })
    expect(JSON.stringify(stepOf(again, 'after').cache)).not.toContain('BEGIN TEST')
    const before = await runPipeline(client, bundle('pem@previous'))
    expect(stepOf(before, 'after').outputs[0]?.value).toBe(pem.length)
    const listed = (await client.call('GET', `/api/v1/projects/${client.scope.project}/secrets`)).json.secrets as {
      name: string
    }[]
    expect(listed.find(({ name }) => name === 'pem')).toMatchObject({
      lastUse: { run: before.id, version: 1, step: 'after', byName: client.principal.name },
      usedBy: [
        { pipeline: 'cached', steps: ['after'] },
        { pipeline: 'leaky', steps: ['leak', 'fail'] },
      ],
    })
    const removed = await client.call('DELETE', `/api/v1/projects/${client.scope.project}/secrets/pem`)
    expect([removed.status, removed.json.detail]).toEqual([
      409,
      expect.stringContaining('pipeline "cached", pipeline "leaky"'),
    ])
  }, 60_000)

  test('defining and starting need secret:use, and so does whoever started the run when the step begins', async () => {
    const { project } = client.scope
    const waiting = {
      name: 'waiting',
      yaml: 'name: waiting\nsteps:\n  wait: { run: "steps:wait", out: { n: value } }\n  after: { run: "steps:after", needs: [wait], out: { n: value }, secrets: { API_KEY: api-key } }\n',
      files,
    }
    await savePipeline(client, waiting)
    const narrow = async (permissions: string[]) => {
      const made = await world.capabilities.access.createToken(client.principal, {
        principalId: client.principal.id,
        name: 'narrow',
        project,
        permissions: permissions as never,
      })
      return {
        ...client,
        call: (method: 'GET' | 'POST' | 'PUT', url: string, body?: unknown) =>
          client.call(method, url, body, {
            ...(body instanceof Uint8Array ? { 'content-type': 'application/octet-stream' } : {}),
            authorization: `Bearer ${made.secret}`,
          }),
      }
    }
    const runner = await narrow(['pipeline:run', 'pipeline:read', 'pipeline:write', 'run:write', 'code:execute'])
    const base = `/api/v1/projects/${project}/pipelines/waiting`
    const started = await runner.call('POST', `${base}/runs`, {})
    const saved = await savePipeline(runner, waiting)
    for (const answer of [started, saved]) expect(answer.json.detail).toContain('This needs secret:use')
    const contributor = await world.as('contributor', project)
    const { id } = await startRun(contributor, 'waiting')
    const repeated = await runner.call('POST', `/api/v1/projects/${project}/pipeline-runs/${id}/repeat`, {})
    expect([repeated.status, repeated.json.detail]).toEqual([403, expect.stringContaining('This needs secret:use')])
    await waitForRun(contributor, id, (run) => stepOf(run, 'wait').state === 'running')
    await world.kernel.db.write
      .transaction()
      .execute((trx) =>
        trx
          .updateTable('membership')
          .set({ role: 'viewer' })
          .where('principal_id', '=', contributor.principal.id)
          .execute(),
      )
    const run = await endOfRun(client, id)
    expect(statesOf(run)).toEqual({ wait: 'finished', after: 'failed' })
    expect(stepOf(run, 'after').reason).toContain('not given its secrets: This needs secret:use')
    expect((await readRun(client, id)).state).toBe('failed')
  }, 60_000)

  test('a definition that names what is not there, or a variable of the runner, is refused with what was meant', async () => {
    const save = async (secrets: string, kind = 'run: "steps:after"') =>
      (
        await savePipeline(client, {
          name: 'bad',
          yaml: `name: bad\nsteps:\n  after: { ${kind}, secrets: ${secrets} }\n`,
          files,
        })
      ).json.detail as string
    expect(await save('{ KEY: api-kye }')).toContain(
      'there is no secret "api-kye" in this project. Did you mean "api-key"?',
    )
    expect(await save('{ KEY: something-else-entirely }')).toContain('trivium secrets set NAME')
    expect(await save('{ PYTHONPATH: api-key }')).toContain('"PYTHONPATH" is set by the runner')
    expect(await save('{ "A B": api-key }')).toContain('no name for an environment variable')
    expect(await save('{ KEY: 3 }')).toContain('must be the name of a secret')
    expect(await save('{ KEY: api-key }', 'kind: approve')).toContain(
      'only steps of kind python and command are given secrets',
    )
    expect(await save('{ KEY: api-key }', 'run: "steps:after", with: { env: { KEY: "1" } }')).toContain(
      '"KEY" is set by "env" too',
    )
  })
})
