import { type Defence, defencesOf } from './defence.ts'

const http = 'kernel/http'
const matrix = 'route-matrix.test.ts'
const quotas = 'capabilities/quotas/quotas.test.ts'

/** What stands at the edge: hosts, origins, cookies, proxies, TLS, admission, quotas. */
export const edgeDefences: readonly Defence[] = [
  ...defencesOf(
    `${http}/create-http.ts`,
    [`${http}/http.test.ts`, matrix],
    [
      [
        'a request for another host is refused',
        `    checkHost(request, allowedHosts())\n`,
        '',
        { hole: 'foreign pages and hosts' },
      ],
      [
        'a page of elsewhere acts with no session',
        `    if (found.via === 'session') checkOrigin(request)\n`,
        '',
        { hole: 'foreign pages and hosts' },
      ],
      [
        'a page of another port of this host is one of elsewhere',
        'URL.canParse(origin) && new URL(origin).host === host',
        `URL.canParse(origin) && new URL(origin).hostname === host?.replace(/:\\d+$/, '')`,
        { hole: 'foreign pages and hosts' },
      ],
      [
        'Basic credentials that a browser kept do nothing',
        `    if (found.via === 'basic' && fromBrowser(request)) throw httpErrors.BASIC_FROM_BROWSER()\n`,
        '',
        { hole: 'foreign pages and hosts' },
      ],
      [
        'a route without a permission stops the start',
        `    if (access === undefined)
      throw new Error`,
        `    if (false as boolean)
      throw new Error`,
        { hole: 'missing authorization' },
      ],
      [
        'every route asks who calls',
        `    if (!found) throw accessErrors.UNAUTHENTICATED()\n    if (found.via`,
        `    if (!found) return\n    if (found.via`,
        { hole: 'missing authorization' },
      ],
      [
        'a route asks for every permission that it names',
        `for (const permission of request.routeOptions.config.alsoNeeds ?? []) requirePermission`,
        'for (const permission of [] as Permission[]) requirePermission',
      ],
      [
        'what is of the whole instance is for its administrators',
        `if (principal.grants.get('*')?.has(permission) !== true) throw`,
        'if (false as boolean) throw',
        { hole: 'missing authorization' },
      ],
      [
        'a project that is not there opens nothing',
        'if (!(await authenticator.projectExists(project))) throw',
        'if (false as boolean) throw',
        { tests: ['capabilities/access/access.test.ts'] },
      ],
      [
        'a bug says nothing of itself',
        `    'Trivium failed to do this. The server log has the reason under this request id.',`,
        '    (error as Error).message,',
      ],
      [
        'an answer is what it says it is',
        `reply.header('x-content-type-options', 'nosniff')`,
        'void 0',
        { hole: 'stored scripts' },
      ],
      [
        'bodies have an end',
        '    bodyLimit,\n    requestTimeout',
        '    bodyLimit: Number.MAX_SAFE_INTEGER,\n    requestTimeout',
        { hole: 'denial of service' },
      ],
      [
        'what is done under broken glass is marked',
        '    if (under) actingUnder.run(under, done)\n    else done()',
        '    void under\n    void actingUnder\n    done()',
        { tests: ['capabilities/access/permissions.test.ts'] },
      ],
      [
        'a stream ends with the right to it',
        `    await check(this)\n`,
        '',
        { tests: ['kernel/events/event-stream.test.ts'], hole: 'sessions that survive' },
      ],
      ['unknown fields are refused', 'app.setValidatorCompiler(lazyValidator as never)', 'void lazyValidator'],
    ],
  ),
  ...defencesOf(
    'ui-routes.ts',
    ['ui-routes.test.ts'],
    [
      [
        'files of the UI are those of the UI',
        `      !/^[\\w./-]{1,200}$/.test(name) ||
      !path.startsWith(assets) ||
`,
        '',
        { hole: 'path traversal' },
      ],
      [
        'our pages run our scripts only',
        `      .header('content-security-policy', pagePolicy)\n`,
        `      .header('x-policy', pagePolicy)\n`,
        { hole: 'stored scripts' },
      ],
      [
        'our pages are in no frame of others',
        `      .header('x-frame-options', 'DENY')\n`,
        '',
        { hole: 'foreign pages and hosts' },
      ],
      [
        'our pages are in no frame of others, in browsers that read the policy',
        `; frame-ancestors 'none'`,
        '',
        { hole: 'foreign pages and hosts' },
      ],
    ],
  ),
  ...defencesOf(
    `${http}/trusted-proxies.ts`,
    [`${http}/trusted-proxies.test.ts`],
    [
      ['a stranger is believed nothing', '  if (!trusts(request.socket.remoteAddress)) return\n', ''],
      [
        'a header of the other kind is the word of the client',
        'for (const name of [...xHeaders, ',
        'for (const name of [...xHeaders.slice(0, 0), ',
      ],
      [
        'a word that is no address names nobody',
        '    if (address === undefined) break\n',
        '    if (address === undefined) continue\n',
      ],
    ],
  ),
  ...defencesOf(
    `${http}/tls-files.ts`,
    [`${http}/tls-files.test.ts`],
    [
      [
        'old versions of TLS are refused',
        `minVersion: 'TLSv1.2', expiresAt`,
        `minVersion: 'TLSv1.1' as SecureVersion, expiresAt`,
      ],
      [
        'a key of another certificate is refused',
        'if (!certificate.checkPrivateKey(privateKey)) throw',
        'if (false as boolean) throw',
      ],
      [
        'a broken pair takes not the place of a good one',
        '    known = now\n    try {',
        '    known = now\n    server.setSecureContext({})\n    try {',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/access/sign-in/cookies.ts',
    ['capabilities/access/access.test.ts', `${http}/tls-files.test.ts`, 'capabilities/access/sign-in/sessions.test.ts'],
    [
      ['scripts cannot read the session', 'Path=/; HttpOnly; SameSite', 'Path=/; SameSite', { hole: 'stored scripts' }],
      ['pages of others send no session', '; SameSite=Lax', '', { hole: 'foreign pages and hosts' }],
      ['the session goes over TLS only', `secure ? '; Secure' : ''`, `secure ? '' : ''`],
      [
        'no neighbour plants a session',
        'secure ? `__Host-${plainName}` : plainName',
        'plainName',
        { hole: 'foreign pages and hosts' },
      ],
    ],
  ),
  ...defencesOf(
    `${http}/load-gate.ts`,
    [`${http}/load-gate.test.ts`, 'overload.test.ts'],
    [
      [
        'no more run at once than there is room for',
        'if (gate.running < limits[load].atOnce) {',
        'if (true as boolean) {',
        { hole: 'denial of service' },
      ],
      [
        'no more wait than there is room for',
        '      if (gate.waiting.size >= waiting)\n',
        '      if (false as boolean)\n',
        { hole: 'denial of service' },
      ],
      [
        'a full class takes no room from another',
        'const gateOf = (load: LoadClass) => gates.get(load) as',
        `const gateOf = (_load: LoadClass) => gates.get('normal') as`,
      ],
      ['a late server refuses searches first', 'if (late > tooLateMs[load] &&', 'if (late > 1e9 &&'],
      ['health is answered however late it is', '  vital: Number.POSITIVE_INFINITY,\n', '  vital: 0,\n'],
      ['a place is given back once', '      if (left) return\n', ''],
    ],
  ),
  ...defencesOf(
    `${http}/request-quotas.ts`,
    [quotas],
    [
      [
        'a body of unknown length is counted',
        'quotas.takeBytes(scope as Scope, { bytes: chunk.length, stores })',
        'void quotas',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/quotas/quotas.ts',
    [quotas],
    [
      [
        'requests have a limit',
        `for (const [name, who] of countsOf(caller, 'requests')) check(project, name, who, 1)`,
        '',
        { hole: 'denial of service' },
      ],
      [
        'bodies have a limit by the day',
        `for (const [name, who] of countsOf(caller, 'upload')) check(project, name, who, bytes)`,
        '',
        { hole: 'denial of service' },
      ],
      ['a body that grows past the storage is stopped', 'if (stores) checkStorage(project, bytes)', ''],
      [
        'open streams have a limit',
        'if (limit > 0 && open >= limit) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
      [
        'a stream that ended counts no more',
        `        if (closed) return\n        closed = true\n`,
        '        if (!closed) return\n',
      ],
      ['runs and steps have a limit', 'if (used >= limit) throw refuse(name, project, used, soonSeconds)', ''],
    ],
  ),
  ...defencesOf(
    'capabilities/quotas/counts.ts',
    [quotas],
    [
      ['what another server counted counts', 'count.stored = totals[at] ?? count.stored', 'void at'],
      [
        'a server that starts knows what was used before',
        'stored: Number(row?.amount ?? 0), fresh: 0',
        'stored: 0, fresh: 0',
      ],
    ],
  ),
  ...defencesOf(
    'kernel/http/note-access.ts',
    ['capabilities/access/access-log.test.ts'],
    [
      ['who is refused is noted', `status === 401 || status === 403 || ledBack`, 'ledBack'],
      ['an outsider who tries a project is noted', ` || (code === 'ACCESS.PROJECT_NOT_FOUND' && status === 404)`, ''],
      [
        'sensitive reads are noted',
        'if (!denied && (sensitive === undefined || status >= 400)) return',
        'if (!denied) return',
      ],
      [
        'who has not signed in fills the log with one line',
        'principalId === null ? route :',
        'principalId === undefined ? route :',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    'kernel/http/create-http.ts',
    ['kernel/http/http.test.ts'],
    [
      [
        'a body that stops coming is given up',
        '    giveUpIdleBody(request, options.bodyIdleMs ?? 120_000)\n',
        '',
        { hole: 'denial of service' },
      ],
      [
        'a request names one host',
        '  if (hosts > 1) throw',
        '  if (hosts > 9) throw',
        { hole: 'foreign pages and hosts', tests: ['tests/fuzz/raw-requests.test.ts'] },
      ],
    ],
  ),
]
