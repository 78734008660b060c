import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Kernel } from '../../../kernel/kernel.ts'
import { digestOf } from '../../../kernel/ids/index.ts'
import { placeDirectory } from './place-file.ts'

type Files = Readonly<Record<string, { digest: string; size: number }>>

/** What a module imports from its bundle, itself included, and from outside. */
export interface Closure {
  /** Paths in the bundle. */
  readonly files: readonly string[]
  /** Top-level names of modules that are neither in the bundle nor in Python itself. */
  readonly external: readonly string[]
}

/** Finds the import closure of a module in a directory of Python files. */
export type FindClosure = (directory: string, module: string) => Promise<Closure>

/** Code of pipelines as files: each bundle is laid out once and shared by all steps, and the closure of each entry module is found once. */
export interface CodeBundles {
  /** A directory with the bundle's files; never written to. */
  directory(project: string, codeDigest: string, files: Files): Promise<string>
  /** The closure of a module with the digests of its files. */
  closure(
    project: string,
    codeDigest: string,
    files: Files,
    module: string,
  ): Promise<{ digest: string; files: Record<string, string>; external: readonly string[] }>
}

export function createCodeBundles({
  db,
  blobs,
  paths,
  findClosure,
}: Pick<Kernel, 'db' | 'blobs' | 'paths'> & { findClosure: FindClosure }): CodeBundles {
  const laidOut = new Map<string, Promise<string>>()

  const layOut = async (project: string, codeDigest: string, files: Files): Promise<string> => {
    const target = join(paths.data, 'code', project, codeDigest)
    if (existsSync(target)) return target
    const temporary = `${target}.${randomUUID()}`
    await placeDirectory(blobs, project, files, temporary)
    await mkdir(dirname(target), { recursive: true })
    try {
      await rename(temporary, target)
    } catch (error) {
      await rm(temporary, { recursive: true, force: true })
      if (!existsSync(target)) throw error
    }
    return target
  }
  const directory = (project: string, codeDigest: string, files: Files): Promise<string> => {
    const key = `${project}/${codeDigest}`
    const known = laidOut.get(key) ?? layOut(project, codeDigest, files)
    laidOut.set(key, known)
    known.catch(() => laidOut.delete(key))
    return known
  }

  return {
    directory,
    closure: async (project, codeDigest, files, module) => {
      const row = await db.read
        .selectFrom('pipeline_closure')
        .select('files')
        .where('project_id', '=', project)
        .where('code_digest', '=', codeDigest)
        .where('module', '=', module)
        .executeTakeFirst()
      let found = row && (JSON.parse(row.files) as Closure)
      if (!found) {
        found = await findClosure(await directory(project, codeDigest, files), module)
        const text = JSON.stringify(found)
        await db.write.transaction().execute((trx) =>
          trx
            .insertInto('pipeline_closure')
            .values({ project_id: project, code_digest: codeDigest, module, files: text })
            .onConflict((c) => c.columns(['project_id', 'code_digest', 'module']).doNothing())
            .execute(),
        )
      }
      const digests = Object.fromEntries(found.files.map((path) => [path, files[path]?.digest ?? '']))
      return { digest: digestOf(digests), files: digests, external: found.external }
    },
  }
}
