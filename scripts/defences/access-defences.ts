import { type Defence, defencesOf } from './defence.ts'

const access = 'capabilities/access'
const permissions = `${access}/permissions.test.ts`
const basics = `${access}/access.test.ts`
const handing = `${access}/handing-on.test.ts`
const matrix = 'route-matrix.test.ts'

/** Who may do what: scopes, roles, groups, tokens, separation, broken glass. */
export const accessDefences: readonly Defence[] = [
  ...defencesOf(
    'kernel/principal/principal.ts',
    [matrix],
    [
      [
        'an outsider learns not that a project exists',
        `  if (!isMember(principal, project)) throw accessErrors.PROJECT_NOT_FOUND(project)\n`,
        '',
        { hole: 'missing authorization' },
      ],
      [
        'a scope is for those who hold the permission',
        `  if (!holds(principal, project, permission)) throw accessErrors.FORBIDDEN(permission, project)
  return { project`,
        '  return { project',
        { hole: 'missing authorization' },
      ],
      [
        'a second permission is asked for as well',
        `if (principal.kind !== 'system' && !holds(principal, project, permission))`,
        'if (false)',
      ],
    ],
  ),
  ...defencesOf(
    `${access}/may-give.ts`,
    [permissions, basics],
    [
      [
        'nobody gives what he does not hold',
        'if (missing) throw',
        'if (missing && false) throw',
        { hole: 'missing authorization' },
      ],
      ['nobody hands on what he holds by broken glass', 'if (borrowed) throw', 'if (borrowed && false) throw'],
    ],
  ),
  ...defencesOf(
    `${access}/holdings.ts`,
    [permissions, matrix],
    [
      [
        'broken glass ends by itself',
        'ended_at is null and ends_at > ${now} and',
        'ended_at is null and ${now} > 0 and',
      ],
      ['broken glass that was ended is closed', 'ended_at is null and ends_at >', 'ends_at >'],
      [
        'a token of one project opens no other one',
        `    if (token.project !== null && place !== '*' && place !== token.project) continue\n`,
        '',
        { tests: [matrix, basics] },
      ],
      [
        "an administrator's token of one project opens no other one",
        `place === '*' ? (token.project ?? '*') : place\n    const set`,
        `place\n    const set`,
        { tests: [matrix] },
      ],
      [
        'a narrowed token holds what it names only',
        'if (token.permissions?.has(permission) ?? true) set.add',
        'set.add',
        { tests: [matrix, basics] },
      ],
      [
        "a project's own role is not that of the instance",
        'custom.get(`${place}/${role}`) ?? custom.get(`*/${role}`)',
        'custom.get(`*/${role}`) ?? custom.get(`${place}/${role}`)',
      ],
      [
        'what somebody holds lastingly leaves out broken glass',
        'const held = await holdings(db, Number.MAX_SAFE_INTEGER, principalId)',
        'const held = await holdings(db, 0, principalId)',
      ],
      [
        'a disabled account holds nothing lastingly',
        'if (!account || account.disabled_at !== null)',
        'if (!account)',
        { tests: ['capabilities/pipelines/triggers.test.ts', permissions] },
      ],
    ],
  ),
  ...defencesOf(
    `${access}/authenticate.ts`,
    [matrix, basics],
    [
      [
        'a revoked token opens nothing',
        'row.revoked_at !== null || row.disabled_at',
        'row.disabled_at',
        { hole: 'sessions that survive' },
      ],
      [
        'a disabled account opens nothing',
        ' || row.disabled_at !== null) return',
        ') return',
        { hole: 'sessions that survive' },
      ],
      ['an expired token opens nothing', 'if (row.expires_at !== null && row.expires_at <= clock())', 'if (false)'],
      [
        'a session that nobody used for long opens nothing',
        `if (row.tokenKind === 'session' && idleEnd(`,
        `if (row.tokenKind !== 'session' && idleEnd(`,
        { tests: [`${access}/sign-in/sessions.test.ts`], hole: 'sessions that survive' },
      ],
    ],
  ),
  ...defencesOf(
    `${access}/access.ts`,
    [basics, matrix],
    [
      [
        'a session is a cookie and nothing else',
        ` || (credential.via === 'session') !== (found.kind === 'session')) throw`,
        ') throw',
        { hole: 'foreign pages and hosts' },
      ],
      ['a login link is good once', `          .where('used_at', 'is', null)\n`, ''],
      [
        'a login link is good for minutes',
        `          .where('expires_at', '>', clock())\n          .returning(['principal_id'])`,
        `          .returning(['principal_id'])`,
      ],
      [
        'the first token is for the eyes of the owner',
        '`${token}\\n`, { mode: 0o600 }',
        '`${token}\\n`, { mode: 0o644 }',
        { hole: 'default credentials' },
      ],
      [
        'the first token is made anew for each instance',
        `adminToken || kept || newSecret('trv')`,
        `adminToken || kept || 'admin'`,
        { hole: 'default credentials' },
      ],
      [
        'a role is given in the separation of duties',
        '        await keepSeparation(asReader(trx), scope.project, before)\n',
        '',
        { tests: [permissions] },
      ],
      [
        'the gateway knows no revoked token',
        `    .where('token.revoked_at', 'is', null)\n    .where('principal.disabled_at'`,
        `    .where('principal.disabled_at'`,
        { tests: ['capabilities/access/token-snapshot.test.ts'] },
      ],
      [
        'the gateway knows no token of a disabled account',
        `    .where('principal.disabled_at', 'is', null)\n`,
        '',
        { tests: ['capabilities/access/token-snapshot.test.ts'] },
      ],
      [
        'the gateway knows no session of a browser',
        `    .where('token.kind', '!=', 'session')\n`,
        '',
        { tests: ['capabilities/access/token-snapshot.test.ts'] },
      ],
      [
        'the gateway predicts for whoever may',
        `mayPredict: [project, '*'].some((place) => grants.get(place)?.has('prediction:write')),`,
        'mayPredict: true,',
        { tests: ['capabilities/access/token-snapshot.test.ts'] },
      ],
      [
        'an account is made under a name that nobody has',
        `        if (!made) throw capabilityErrors.NAME_TAKEN(input.name)\n`,
        '',
        { hole: 'name confusion' },
      ],
    ],
  ),
  ...defencesOf(
    `${access}/secrets.ts`,
    [basics],
    [['secrets are stored as hashes', `return hash('sha256', secret)`, 'return (void hash, secret)']],
  ),
  ...defencesOf(
    `${access}/roles.ts`,
    [permissions, handing],
    [
      ['a role is made of what its maker holds', 'requireMayGive(scope, input.permissions)', 'void requireMayGive'],
      [
        'roles of the program stay what they are',
        'if (isRole(name)) throw capabilityErrors.ROLE_OF_PROGRAM(name)\n    if (input',
        'if (input',
        { hole: 'name confusion' },
      ],
      [
        'no role administers the instance',
        `if (input.permissions.includes('instance:admin')) throw`,
        'if (false) throw',
      ],
      [
        'a role is defined in the separation of duties',
        `      await keepSeparation(asReader(trx), place === '*' ? undefined : place, before)\n`,
        '',
      ],
      [
        'what a role opened ends with the role, so that a later one of its name opens nothing',
        'const taken = everywhere ? 0n : (await grants.executeTakeFirst()).numDeletedRows',
        'const taken = 0n',
        { hole: 'name confusion' },
      ],
    ],
  ),
  ...defencesOf(
    `${access}/groups.ts`,
    [permissions, handing],
    [
      [
        'a group is given what its giver holds',
        'requireMayGive(scope, await requireRole(db.read, project, role))',
        'await requireRole(db.read, project, role), void requireMayGive',
      ],
      [
        'groups are changed in the separation of duties',
        '      await keepSeparation(asReader(trx), project, before)\n',
        '',
      ],
      [
        'a project sees no group of others',
        `.filter((group) => filter.project === undefined || filter.name !== undefined || group.roles.length > 0)`,
        '',
      ],
      [
        'a project sees nothing of what its groups hold elsewhere',
        `if (filter.project !== undefined) grants = grants.where('project_id', '=', filter.project)`,
        '',
      ],
      [
        'what a group opened ends with the group',
        `        await trx.deleteFrom('role_grant').where('kind', '=', 'group').where('holder', '=', name).execute()\n`,
        '',
        { hole: 'name confusion' },
      ],
      [
        'an identity provider takes away what it gave, and nothing else',
        `    .where('principal_id', '=', principalId)\n    .where('source', '=', source)\n`,
        `    .where('principal_id', '=', principalId)\n`,
      ],
      [
        'who is in a group by his identity provider is not taken out by hand',
        `          .where('principal_id', '=', id)\n          .where('source', '=', '')\n`,
        `          .where('principal_id', '=', id)\n`,
      ],
    ],
  ),
  ...defencesOf(
    `${access}/people.ts`,
    [handing, basics, permissions],
    [
      [
        'a person is given what his giver holds',
        'requireMayGive(scope, await requireRole(db.read, scope.project, role))',
        'await requireRole(db.read, scope.project, role)',
      ],
      ['a token holds what its maker holds', '      requireMayGive(scope, wanted)\n', ''],
      ['a narrowed token hands on no more than it has', '    if (principal.narrowed) return own\n', ''],
      [
        "a service account's token holds no more than its maker",
        '? undefined : own.filter((one) => theirs.has(one))',
        '? undefined : undefined',
      ],
      [
        'tokens for others are made by who manages members',
        `        if (!holds(scope.principal, scope.project, 'member:write'))
          throw accessErrors.FORBIDDEN('member:write', scope.project)\n`,
        '',
      ],
      [
        "nobody makes another person's token",
        `if (!member || owner.kind !== 'service') throw`,
        'if (!member) throw',
        { hole: 'missing authorization' },
      ],
      [
        "nobody makes a token of another project's service account",
        `if (!member || owner.kind !== 'service') throw`,
        `if (owner.kind !== 'service') throw`,
      ],
      [
        "a run's token makes no token",
        `if (principal.kind === 'run') throw capabilityErrors.RUN_MAKES_NO_TOKEN()
      const granted`,
        'const granted',
      ],
      [
        "a run's token rotates none",
        `if (principal.kind === 'run') throw capabilityErrors.RUN_MAKES_NO_TOKEN()
      const owner = await byName(old.principalName)`,
        'const owner = await byName(old.principalName)',
      ],
      [
        'a narrowed token makes none that lives longer',
        'principal.narrowed ? Math.min(wanted, principal.expiresAt ?? wanted) : wanted',
        'wanted',
      ],
      [
        'a narrowed token rotates none to a longer life',
        'principal.narrowed ? Math.min(wanted ?? Infinity, principal.expiresAt ?? Infinity) : wanted',
        'wanted',
      ],
      [
        "nobody rotates another person's token",
        `if (owner.id !== principal.id && owner.kind !== 'service')
        throw`,
        `if (false)
        throw`,
      ],
      [
        'nobody rotates a token of all projects with a narrowed one',
        'if (old.project === null && principal.narrowed) throw',
        'if (false) throw',
      ],
      [
        'nobody rotates a token that opens more than he holds',
        'if (old.permissions && (bounded || owner.id !== principal.id)) requireMayGive',
        'if (false as boolean) requireMayGive',
      ],
      [
        'nobody rotates a whole token of an account that holds more than he does',
        'if (bounded && (old.permissions === null || old.project === null))',
        'if (false)',
      ],
      [
        'nobody sees tokens of others without managing members',
        `if (!holds(scope.principal, scope.project, 'member:write'))
      query`,
        `if (false)
      query`,
      ],
      [
        "a project's admin sees no token of all projects of others",
        `else if (!scope.principal.grants.has('*'))`,
        'else if (false)',
      ],
      ['a narrowed token makes no login link', 'if (by.narrowed) throw capabilityErrors.NARROWED()', 'void 0'],
      [
        'login links for others are made by administrators of the instance',
        `if (by.grants.get('*')?.has('instance:admin') !== true)
        throw`,
        `if (false)
        throw`,
        { hole: 'missing authorization' },
      ],
      [
        'a service account gets no login link',
        `if (principal.kind === 'service') throw capabilityErrors.SERVICE_CANNOT_LOG_IN(name)`,
        '',
      ],
    ],
  ),
  ...defencesOf(
    `${access}/break-glass.ts`,
    [permissions, handing],
    [
      [
        'glass is broken by people',
        `if (principal.kind !== 'person' || principal.narrowed) throw`,
        'if (principal.narrowed) throw',
      ],
      [
        'glass is broken with a whole token',
        `if (principal.kind !== 'person' || principal.narrowed) throw`,
        `if (principal.kind !== 'person') throw`,
      ],
      ['glass is broken once at a time', '        if (active) throw', '        if (active && false) throw'],
      [
        'whose glass is broken ends it, or an administrator',
        `if (row.principal_id !== principal.id && !holds(`,
        'if (false && !holds(',
      ],
      ['broken glass alarms', `name: 'break-glass.started'`, `name: 'break-glass.ended'`],
    ],
  ),
  ...defencesOf(
    `${access}/separation.ts`,
    [permissions],
    [
      [
        'nobody is given both of what is kept apart',
        'throw capabilityErrors.SEPARATED(',
        'void capabilityErrors.SEPARATED(',
      ],
      ['a rule that a role of the program breaks is refused', 'if (role !== undefined)', 'if (false as boolean)'],
    ],
  ),
]
