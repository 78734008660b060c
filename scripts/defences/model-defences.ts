import { type Defence, defencesOf } from './defence.ts'

const imports = ['capabilities/imports/imports.test.ts']
const trash = ['capabilities/tracking/trash/trash.test.ts']
const signature = [
  'capabilities/registry/provenance/model-signature.test.ts',
  'capabilities/registry/provenance/provenance.test.ts',
]
const strategy = ['capabilities/registry/strategy.test.ts', 'capabilities/registry/registry.test.ts']

/** What is brought in, what goes for good, and what is said of a model. */
export const modelDefences: readonly Defence[] = [
  ...defencesOf('capabilities/imports/imports.ts', imports, [
    [
      'what is brought in is what was announced',
      'if (wanted !== undefined && wanted !== digest) throw',
      'if (wanted !== undefined && wanted === "never") throw',
    ],
    ['a file is brought in for what was brought in', 'if (!exists) throw', 'if (!exists && !owner) throw'],
    [
      'a few batches at once are written',
      'if (writing >= atOnce) throw',
      'if (writing >= atOnce * 1000) throw',
      { hole: 'denial of service' },
    ],
    [
      'nothing is brought into an experiment that is being removed',
      `    .where('removed_experiment.experiment_id', 'is', null)\n`,
      '',
    ],
  ]),
  ...defencesOf('capabilities/tracking/import-runs.ts', imports, [
    [
      'an import never takes the place of a removed experiment',
      'const taken = [...active, ...removed]',
      'const taken = removed.length > 9e9 ? removed : active',
      { hole: 'name confusion' },
    ],
  ]),
  ...defencesOf('capabilities/tracking/import-logged-models.ts', imports, [
    [
      'a model that comes deleted has its days in the trash',
      `(before?.deleted_at ?? clock()) : null`,
      `(before?.deleted_at ?? model.updatedAt) : null`,
    ],
  ]),
  ...defencesOf('capabilities/tracking/trash/trash.ts', trash, [
    [
      'only what is in the trash goes for good',
      `if (run.lifecycle !== 'deleted') throw`,
      `if (run.lifecycle === undefined) throw`,
    ],
    [
      'what a model version needs does not go',
      'for (const [id, heldBy] of held) throw',
      'for (const [id, heldBy] of held) if (!id) throw',
    ],
  ]),
  ...defencesOf('capabilities/registry/provenance/verify-version.ts', signature, [
    [
      'the signature of another version is none of this one',
      'if (signed.name !== signedName(row)) {',
      'if (!signed.name) {',
      { hole: 'name confusion' },
    ],
    [
      'the list of files is the one that was registered',
      'if (digestOf(files) !== row.artifact_digest)',
      'if (!row.artifact_digest)',
    ],
    ['the files are those that were signed', 'if (signed) problems.push(', 'if (!signed) [].concat('],
  ]),
  ...defencesOf('capabilities/registry/provenance/model-signature.ts', signature, [
    [
      'what was signed is the list that is shown',
      `if (record(subject['digest'])['sha256'] !== root)`,
      `if (root === '')`,
    ],
  ]),
  ...defencesOf('capabilities/registry/aliases.ts', strategy, [
    [
      'a protected alias stays with a version that is deleted',
      'for (const { alias } of await query.execute()) await checkProtected(asReader(trx), scope, alias)',
      'for (const { alias } of await query.execute()) void alias',
      { hole: 'missing authorization' },
    ],
  ]),
]
