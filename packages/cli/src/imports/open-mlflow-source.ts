import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../fail.ts'
import type { Terminal } from '../terminal.ts'
import { createMlflowClient } from './mlflow-client.ts'
import { mlflowDatabaseSource } from './mlflow-database-source.ts'
import { mlflowFilesSource } from './mlflow-files-source.ts'
import { mlflowServerSource } from './mlflow-server-source.ts'
import { openForeignDatabase } from './open-foreign-database.ts'
import type { Skip, Source } from './source.ts'

/** Finds out what an address or path is: a server, a database or a folder. */
export async function openMlflowSource(
  terminal: Terminal,
  text: string,
  { artifacts, skip }: { artifacts?: string; skip: Skip },
): Promise<Source> {
  if (/^https?:\/\//.test(text)) return mlflowServerSource(createMlflowClient(text, terminal), skip)
  const root = artifacts === undefined ? undefined : resolve(terminal.cwd, artifacts)
  if (/^postgres(ql)?(\+\w+)?:\/\//.test(text)) {
    const url = text.replace(/^postgres(ql)?(\+\w+)?:/, 'postgresql:')
    const shown = new URL(url)
    return mlflowDatabaseSource(await openForeignDatabase({ kind: 'postgres', url }), {
      name: `postgresql://${shown.host}${shown.pathname}`,
      roots: root === undefined ? [] : [root],
      artifacts: root,
      skip,
    })
  }
  if (/^[a-z+]+:\/\//.test(text) && !/^(sqlite|file):/.test(text))
    throw new UsageError(
      `"${text.split('://')[0]}" is no kind of store that can be read. Name an http(s) address of the MLflow server in front of it.`,
    )
  const path = resolve(
    terminal.cwd,
    text.startsWith('file:') ? fileURLToPath(text) : text.replace(/^sqlite:\/\/\//, ''),
  )
  const found = await stat(path).catch(() => undefined)
  if (!found) throw new UsageError(`There is no "${path}". Name an address, a SQLite file or an mlruns folder.`)
  if (found.isDirectory()) return mlflowFilesSource(path, { skip, ...(root === undefined ? {} : { artifacts: root }) })
  return mlflowDatabaseSource(await openForeignDatabase({ kind: 'sqlite', path }), {
    name: path,
    roots: [resolve(path, '..'), ...(root === undefined ? [] : [root])],
    artifacts: root,
    skip,
  })
}
