import { DuckDBInstance } from '@duckdb/node-api'
import { quoteText, quoteTexts } from './quote.ts'

export type EngineLimits = { memoryLimit: string; maxTempSize: string; threads: number; tempDir: string }

/**
 * Opens an in-memory DuckDB that can open only `files` and what is under `dirs` (DuckDB adds its own `tempDir`), knows no extension beyond
 * the bundled ones, and whose settings nobody can change afterwards.
 */
export async function openEngine(
  limits: EngineLimits,
  access: { files: readonly string[]; dirs: readonly string[] },
): Promise<DuckDBInstance> {
  const instance = await DuckDBInstance.create(':memory:', { threads: String(limits.threads) })
  const connection = await instance.connect()
  try {
    for (const setting of [
      `memory_limit = ${quoteText(limits.memoryLimit)}`,
      `temp_directory = ${quoteText(limits.tempDir)}`,
      `max_temp_directory_size = ${quoteText(limits.maxTempSize)}`,
      `TimeZone = 'UTC'`,
      'preserve_insertion_order = true',
      // Every file is on this disk, and the operating system keeps what is read often; DuckDB's copy of it grows with each file up to the limit.
      'enable_external_file_cache = false',
      'parquet_metadata_cache = true',
      'autoinstall_known_extensions = false',
      'autoload_known_extensions = false',
      'allow_community_extensions = false',
      'allow_persistent_secrets = false',
      `allowed_paths = ${quoteTexts(access.files)}`,
      `allowed_directories = ${quoteTexts(access.dirs)}`,
      'enable_external_access = false',
      'lock_configuration = true',
    ]) {
      await connection.run(`SET GLOBAL ${setting}`)
    }
  } catch (error) {
    instance.closeSync()
    throw error
  } finally {
    connection.disconnectSync()
  }
  return instance
}
