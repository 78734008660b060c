import { type Defence, defencesOf } from './defence.ts'

const folder = 'protocols/mlflow'

/** What MLflow's interface keeps shut beyond the calls of tracking and registry: GraphQL, people, workspaces, single files, evaluation datasets, traces, webhooks. */
export const mlflowDefences: readonly Defence[] = [
  ...defencesOf(
    `${folder}/rpc.ts`,
    ['route-matrix.test.ts'],
    [
      [
        'a call needs its permission under each of its spellings',
        '        access: permission,\n        homeProject: true,',
        `        access: prefix.includes('ajax') ? 'authenticated' : permission,\n        homeProject: true,`,
        { hole: 'missing authorization' },
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/graphql.ts`,
    [`${folder}/graphql.test.ts`],
    [
      [
        'a GraphQL field needs the permission of the call behind it',
        '      requirePermission(scope, permission)\n',
        '      void [permission, requirePermission]\n',
        { hole: 'missing authorization' },
      ],
      [
        'GraphQL takes one query at a time',
        `    if (typeof request.body !== 'object' || request.body === null || Array.isArray(request.body))\n`,
        `    if (Array.isArray(request.body)) return answer(request, reply, (request.body as Loose[])[0] ?? {})\n    if (typeof request.body !== 'object' || request.body === null)\n`,
        { hole: 'denial of service' },
      ],
      [
        'a GraphQL query asks a bounded number of things of the server',
        'if (asked.size >= mostCalls)',
        'if (asked.size >= mostCalls * 1000)',
        { hole: 'denial of service' },
      ],
      [
        'a GraphQL field that only objects of the program have is no field',
        'Object.hasOwn(queries, field.name) ? queries[field.name] : undefined',
        'queries[field.name]',
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/graphql-query.ts`,
    [`${folder}/graphql.test.ts`],
    [
      [
        'a GraphQL query has a bounded length',
        'if (text.length > graphqlLimits.characters) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
      [
        'a GraphQL query has few aliases',
        'if (count.aliases > graphqlLimits.aliases)',
        'if (false as boolean)',
        { hole: 'denial of service' },
      ],
      [
        'fragments of a GraphQL query do not multiply',
        'if (count.selections > graphqlLimits.selections)',
        'if (count.selections > graphqlLimits.selections * 20_000)',
        { hole: 'denial of service' },
      ],
      [
        'a GraphQL query asks few things at once',
        'if (fields.length > graphqlLimits.rootFields)',
        'if (false as boolean)',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/accounts.ts`,
    [`${folder}/accounts.test.ts`],
    [
      [
        'a level on one experiment does not become a role',
        `if (type !== 'workspace') throw`,
        `if (type === undefined) throw`,
        { hole: 'missing authorization' },
      ],
      [
        'a permission is given in the project of the call only',
        `if (args.required('resource_id') !== scope.project)`,
        'if (false as boolean)',
      ],
      [
        'people of other projects are nobody here',
        'if (!person) throw mlflowErrors.NO_USER(name.slice(0, 100))',
        `if (!person) throw mlflowErrors.NO_USER((await db.read.selectFrom('principal').select('id').where('name', '=', name).executeTakeFirst())?.id ?? name)`,
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/workspaces.ts`,
    [`${folder}/accounts.test.ts`],
    [
      [
        'a workspace is seen by its members',
        "if (principal.grants.has('*')) return projects",
        'if (principal) return projects',
        { hole: 'missing authorization' },
      ],
      [
        'one workspace is read by its members',
        'const found = isMember(principal, name) ? await',
        'const found = (void isMember, principal) ? await',
        { hole: 'missing authorization' },
      ],
      [
        'a workspace does not say where files are kept',
        `if (args.raw(field) !== undefined && args.raw(field) !== '')`,
        'if (false as boolean)',
        { hole: 'path traversal' },
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/single-files.ts`,
    [`${folder}/accounts.test.ts`],
    [
      [
        'an address for one file names no folder above',
        `if (path.startsWith('/') || path.split('/').some((part) => part === '' || part === '.' || part === '..'))`,
        'if (false as boolean)',
        { hole: 'path traversal' },
      ],
      ['an address for one file ends', 'if (seconds < 1 || seconds > mostSeconds)', 'if (false as boolean)'],
    ],
  ),
  ...defencesOf(
    'capabilities/traces/evaluation-sets/records.ts',
    [`${folder}/evaluation-datasets.test.ts`],
    [
      [
        'records of evaluation datasets are masked',
        'inputs: text(row.inputs),',
        'inputs: row.inputs,',
        { hole: 'missing authorization' },
      ],
      [
        'expectations of records are masked',
        'expectations: text(row.expectations),',
        'expectations: row.expectations,',
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/traces/evaluation-sets/read-record.ts',
    [`${folder}/evaluation-datasets.test.ts`],
    [
      [
        'a request brings a bounded number of records',
        'if (value.length > most) throw',
        'if (value.length > most * 10) throw',
        { hole: 'denial of service' },
      ],
      [
        'a record has a bounded size',
        'if (text.length > longest) throw',
        'if (false as boolean) throw',
        { hole: 'denial of service' },
      ],
      [
        'a name of the language is a name in a schema',
        'Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true })',
        'into[key] = value',
        { hole: 'name confusion' },
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/otlp-traces.ts`,
    [`${folder}/traces.test.ts`],
    [
      [
        'spans that are packed unpack to a bounded size',
        '{ maxOutputLength: largestUnpacked }',
        '{ maxOutputLength: largestUnpacked * 8 }',
        { hole: 'denial of service' },
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/otlp-limits.ts`,
    [`${folder}/traces.test.ts`],
    [
      [
        'values of spans nest a bounded number of levels',
        'if (depth > deepest) throw',
        'if (depth > deepest * 100) throw',
        { hole: 'denial of service' },
      ],
      ['ids of spans have their length', 'if (spanId?.length !== 8 || isZero(spanId)) throw', 'if (!spanId) throw'],
    ],
  ),
  ...defencesOf(
    'capabilities/traces/traces.ts',
    [`${folder}/traces.test.ts`],
    [
      [
        'what is hidden in spans cannot be searched for',
        'if ((await maskOf(deps.db.read, scope)).any) throw',
        'if (!(await maskOf(deps.db.read, scope))) throw',
        { hole: 'missing authorization' },
      ],
    ],
  ),
  ...defencesOf(
    'capabilities/traces/mask-trace.ts',
    [`${folder}/traces.test.ts`],
    [
      [
        'JSON in a text of a span is masked',
        'return JSON.stringify(maskJson(mask, JSON.parse(text)))',
        'return JSON.stringify(JSON.parse(text))',
        { hole: 'missing authorization' },
      ],
    ],
  ),
  ...defencesOf(
    `${folder}/webhooks.ts`,
    [`${folder}/webhooks.test.ts`],
    [
      [
        'what a receiver answers is not handed on',
        `...(status === null ? { error_message: 'The receiver gave no answer.' } : { response_status: status }),`,
        `...(status === null ? { error_message: 'The receiver gave no answer.' } : { response_status: status, response_body: 'x' }),`,
        { hole: 'server-side requests' },
      ],
    ],
  ),
]
