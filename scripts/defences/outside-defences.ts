import { type Defence, defencesOf } from './defence.ts'

const egress = 'kernel/egress/egress.test.ts'
const webhooks = 'capabilities/webhooks/webhooks.test.ts'
const mlflow = ['protocols/mlflow/mistakes.test.ts', 'protocols/mlflow/mlflow.test.ts']
const gateway = 'capabilities/serving/gateway.test.ts'

/** What goes out and what comes in from other programs: calls of the server, webhooks, MLflow's protocol, the gateway. */
export const outsideDefences: readonly Defence[] = [
  ...defencesOf(
    'kernel/egress/egress.ts',
    [egress],
    [
      [
        'the server calls http and https only',
        `if (url.protocol !== 'https:' && url.protocol !== 'http:')`,
        'if (false as boolean)',
        { hole: 'connection strings' },
      ],
      [
        'an address carries no credentials',
        `if (url.username !== '' || url.password !== '')`,
        'if (false as boolean)',
        { hole: 'connection strings' },
      ],
      [
        'strangers are called over TLS',
        `if (url.protocol === 'http:' && !trusted) throw`,
        'if (false as boolean) throw',
        { hole: 'server-side requests' },
      ],
      [
        'an internal address is not called',
        '    if (isIP(host) !== 0) checkAddress(host, host, trusted, allowed)\n',
        '',
        { hole: 'server-side requests' },
      ],
      [
        'a name of an internal address is not called',
        'for (const { address } of addresses) checkAddress(host, address, trusted, allowed)',
        'void addresses',
        { hole: 'server-side requests' },
      ],
      [
        'the address that is called is the one that was checked (DNS rebinding)',
        '        lookup: checkedLookup(host, trusted, allowed),\n',
        '',
        { hole: 'server-side requests' },
      ],
      [
        'what is saved for later is refused early',
        'const { host, trusted } = read(text, allowed)\n      if (isIP(host) !== 0) return\n',
        'const { host, trusted } = read(text, allowed)\n      if (host !== "") return\n',
        { hole: 'server-side requests' },
      ],
      [
        'a redirect goes nowhere unless wanted',
        'if (!follows || redirects === 0 ||',
        'if (false ||',
        { hole: 'server-side requests' },
      ],
      ['redirects end', 'if (hops >= redirects) throw', 'if (false as boolean) throw', { hole: 'denial of service' }],
      [
        'a redirect takes no headers to another host',
        'if (next.host !== new URL(at).host) headers = range === undefined ? {} : { range }',
        '',
        { hole: 'server-side requests' },
      ],
      ['an answer has a size', 'if (bytes > maxBytes) {', 'if (bytes > 1e12) {', { hole: 'denial of service' }],
      [
        'an answer has a time',
        'const late = AbortSignal.timeout(timeoutMs)',
        'const late = AbortSignal.timeout(timeoutMs + 60_000)',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'kernel/egress/address-rules.ts',
    [egress],
    [
      ...[
        '0.0.0.0/8',
        '10.0.0.0/8',
        '100.64.0.0/10',
        '127.0.0.0/8',
        '169.254.0.0/16',
        '172.16.0.0/12',
        '192.168.0.0/16',
        '224.0.0.0/4',
        '240.0.0.0/4',
        '::/128',
        '::1/128',
        '64:ff9b::/96',
        '2002::/16',
        'fc00::/7',
        'fe80::/10',
        'ff00::/8',
      ].map((net) => [`${net} is internal`, `  '${net}',\n`, '', { hole: 'server-side requests' }] as const),
      [
        'a host is allowed for the port that was named',
        'hosts.has(host.toLowerCase()) || hosts.has(`${host.toLowerCase()}:${port}`)',
        '[...hosts].some((one) => one.split(":")[0] === host.toLowerCase() && port > 0)',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/webhooks/webhooks.ts',
    [webhooks],
    [
      [
        'a webhook to an internal address is not saved',
        "      await egress.check('webhooks', url)\n",
        '',
        { hole: 'server-side requests' },
      ],
      [
        'a webhook is not moved to an internal address',
        "if (change.url !== undefined) await egress.check('webhooks', change.url)",
        '',
        { hole: 'server-side requests' },
      ],
      [
        'the secret of a webhook is sealed',
        'secret: await vault.seal(secret, secretPlace(scope.project, name))',
        'secret',
      ],
      [
        'webhooks are bounded',
        'if (Number(count) >= mostWebhooks) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
      [
        'where a webhook posts is in no event',
        `await say(trx, scope, 'created', row, { events: JSON.parse(row.events) })`,
        `await say(trx, scope, 'created', row, { events: JSON.parse(row.events), url: row.url })`,
      ],
      [
        'what is deleted is told nothing',
        `await trx.deleteFrom('webhook').where('project_id', '=', project).where('name', '=', name).execute()`,
        '',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/webhooks/sign.ts',
    [webhooks, 'capabilities/webhooks/cloud-event.test.ts'],
    [
      ['a delivery is signed with the secret', `createHmac('sha256', key)`, `createHmac('sha256', 'x')`],
      ['a signature covers the time', 'key).update(`${id}.${timestamp}.${body}`', 'key).update(`${id}..${body}`'],
      ['a signature covers the body', 'key).update(`${id}.${timestamp}.${body}`', 'key).update(`${id}.${timestamp}.`'],
      [
        'each webhook has a secret of its own',
        `randomBytes(32).toString('base64')`,
        `Buffer.alloc(32, 7).toString('base64')`,
        { hole: 'default credentials' },
      ],
    ],
  ),
  ...defencesOf(
    'protocols/mlflow/index.ts',
    ['route-isolation.test.ts', 'protocols/mlflow/mlflow.test.ts'],
    [
      [
        'another workspace is for its members',
        'const scope = authorize(request.principal, workspace, permission)',
        'const scope = { project: workspace, principal: request.principal } as unknown as ReturnType<typeof authorize>',
        { hole: 'missing authorization' },
      ],
      [
        'a workspace that is not there opens nothing',
        'if (!(await deps.access.projectExists(workspace))) throw',
        'if (false as boolean) throw',
      ],
      [
        'what is done in another workspace takes from its quotas',
        '      await request.takeQuota()\n',
        '',
        { tests: ['capabilities/quotas/quotas.test.ts'] },
      ],
    ],
  ),
  ...defencesOf(
    'protocols/mlflow/artifacts.ts',
    ['protocols/mlflow/mlflow.test.ts', 'route-isolation.test.ts', 'route-matrix.test.ts'],
    [
      [
        'files of a version are for those who may read models',
        `await registry.versionRow(authorize(scope.principal, scope.project, 'model:read'), at.model`,
        'await registry.versionRow((void authorize, scope), at.model',
        { hole: 'missing authorization', tests: ['protocols/mlflow/authorization.test.ts'] },
      ],
      [
        'an artifact is written under its own experiment only',
        `        await tracking.listArtifacts(scope, at.owner, '', { experiment: at.experiment })\n`,
        '',
        { tests: ['protocols/mlflow/authorization.test.ts'] },
      ],
      [
        'an artifact is removed under its own experiment only',
        `      await tracking.listArtifacts(scope, at.owner, at.path, { experiment: at.experiment })\n      await tracking.delete`,
        '      await tracking.delete',
        { tests: ['protocols/mlflow/authorization.test.ts'] },
      ],
      [
        'an upload that was cut off is not kept',
        'if (!raw.complete) body.destroy(',
        'if (!raw.complete) body.end(), void (',
        { tests: ['tests/fuzz/raw-requests.test.ts'] },
      ],
    ],
  ),
  ...defencesOf('protocols/mlflow/limits.ts', mlflow, [
    [
      'keys have a length',
      '  if (value.length > limit) throw',
      '  if (value.length > limit + 1e9) throw',
      { hole: 'denial of service' },
    ],
    [
      'a key is no path that means another',
      `part === '' || part === '.' || part === '..'`,
      `part === '/'`,
      { hole: 'name confusion' },
    ],
    [
      'a key is of plain characters',
      '  if (!characters.test(key)) {',
      '  if (!characters.test("")) {',
      { hole: 'name confusion' },
    ],
    ['a page has a size', '  if (value < 1 || value > most)', '  if (value < 1)', { hole: 'denial of service' }],
  ]),
  ...defencesOf('protocols/mlflow/runs.ts', mlflow, [
    [
      'a batch has a size',
      '        if (count > most)\n',
      '        if (count > most + 1e9)\n',
      { hole: 'denial of service' },
    ],
  ]),
  ...defencesOf(
    'capabilities/tracking/filter/parse-filter.ts',
    ['capabilities/tracking/filter/filter.test.ts'],
    [
      [
        'a filter is not nested without end',
        'if (depth > deepest) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
      [
        'a filter compares not without end',
        'if (comparisons > mostComparisons) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/authenticate.ts',
    ['gateway/authenticate.test.ts', gateway],
    [
      [
        'an unknown token predicts nothing',
        '  if (!token) throw accessErrors.UNAUTHENTICATED()\n',
        `  if (!token) return { hash: '', project: 'default', principal: '', expiresAt: null, mayPredict: true }\n`,
        { hole: 'missing authorization' },
      ],
      [
        'an expired token predicts nothing',
        'if (token.expiresAt !== null && token.expiresAt <= now)',
        'if (false as boolean)',
      ],
      [
        'who may not predict predicts nothing',
        '  if (!token.mayPredict) throw',
        '  if (false as boolean) throw',
        { hole: 'missing authorization' },
      ],
      [
        'Basic credentials of a browser predict nothing',
        'const fromBrowser = headers.origin !== undefined ||',
        'const fromBrowser = false &&',
        { hole: 'foreign pages and hosts' },
      ],
      [
        'unknown tokens wait in bounded number',
        '  if (waiting >= mostWaiting) return undefined\n',
        '',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/deployments.ts',
    [gateway],
    [
      [
        'a deployment of a name is that of its own project',
        'const keyOf = (project: string, name: string): string => `${project}/${name}`',
        'const keyOf = (_project: string, name: string): string => name',
        { hole: 'missing authorization' },
      ],
      [
        'a project sees its own deployments',
        '.filter((entry) => entry.project === project)',
        '',
        { hole: 'missing authorization' },
      ],
      [
        'a path that names another version is refused',
        'if (asked !== undefined && asked !== String(served)) throw',
        'if (false as boolean) throw',
        { hole: 'name confusion' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/serving/forward.ts',
    ['capabilities/serving/forward.test.ts'],
    [
      [
        'a gateway that ends in the middle of its answer hangs nobody',
        'pipeline(received, answer, () => {})',
        'void pipeline, received.pipe(answer)',
        { hole: 'denial of service' },
      ],
      [
        'a fault without a gateway hangs nobody',
        '    sendError(reply.raw, request, problem)\n',
        '    if (error instanceof AppError) sendError(reply.raw, request, problem)\n',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/rate-limit.ts',
    ['gateway/rate-limit.test.ts'],
    [
      [
        'a caller has a rate',
        '      if (bucket.left >= 1) {',
        '      if (bucket.left >= -1e9) {',
        { hole: 'denial of service' },
      ],
      [
        'callers are remembered in bounded number',
        'if (buckets.size >= mostBuckets)',
        'if (false as boolean)',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/inference-server.ts',
    [gateway],
    [
      [
        'the rate is asked for before the body is read',
        'if (wait > 0) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
      [
        'who is refused before his body was read gets the reason',
        'if (!request.complete && !response.shouldKeepAlive) await dropRest(request)',
        '',
        { tests: ['capabilities/serving/gateway.test.ts'] },
      ],
      [
        'a body that nobody wants ends',
        '        if (!request.complete) await dropRest(request)\n      })',
        '      })',
        { tests: ['tests/fuzz/raw-requests.test.ts'], hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/read-body.ts',
    ['gateway/read-body.test.ts'],
    [
      [
        'a body has a size',
        '      else reject(predictErrors.TOO_LARGE(mostBytes))',
        '      else void mostBytes',
        { hole: 'denial of service' },
      ],
      [
        'an unpacked body has a size',
        'unpack(packed, { maxOutputLength: mostBytes })',
        'unpack(packed, { maxOutputLength: 2 ** 31 })',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/plain-protocol.ts',
    ['gateway/read-body.test.ts'],
    [
      [
        'rows of a request are bounded',
        'if (rows.length > mostRows) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
      [
        'a page cannot post without asking (content type)',
        `requireJson(headers['content-type'])`,
        'void requireJson',
        { hole: 'foreign pages and hosts' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/control-server.ts',
    ['gateway/control-server.test.ts'],
    [
      [
        'main and nobody else commands the gateway',
        'if (sent.length !== wanted.length || !timingSafeEqual(sent, wanted))',
        'if (void timingSafeEqual, sent.length > 1e9)',
        { hole: 'missing authorization' },
      ],
    ],
  ),
  ...defencesOf(
    'gateway/run-gateway.ts',
    [gateway, 'kernel/http/tls-files.test.ts'],
    [
      [
        'the secret of the gateway is for the eyes of the owner',
        'JSON.stringify(control), { mode: 0o600 }',
        'JSON.stringify(control), { mode: 0o644 }',
        { hole: 'temporary files' },
      ],
      [
        'the port without TLS is for this machine',
        `listen(inference.plain, '127.0.0.1', 0, false)`,
        `listen(inference.plain, '0.0.0.0', 0, false)`,
      ],
      [
        'the secret of the gateway is made anew',
        `randomBytes(32).toString('base64url')`,
        `'secret'`,
        { hole: 'default credentials' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/serving/make-manifest.ts',
    ['capabilities/serving/serving.test.ts'],
    [
      [
        'a model that is no ONNX is not loaded',
        '  if (model.onnxPath === undefined || !file) throw',
        '  if (model.onnxPath !== undefined && !file) throw',
        { hole: 'unsafe deserialization' },
      ],
    ],
  ),
  ...defencesOf(
    'drivers/environment-uv/run-program.ts',
    ['scripts/no-shell.test.ts'],
    [
      [
        'programs are started without a shell',
        'const child = spawn(command, args, {',
        'const child = spawn(command, args, {\n      shell: true,',
        { hole: 'command injection' },
      ],
    ],
  ),
]
