/**
 * The lock file among the files of a model: its `requirements.txt` where that has hashes, because only then it says which packages they are. MLflow's client writes the
 * list that it was given, and adds a line for itself without a hash where the list has only `mlflow-skinny`; that line is left out, or nothing could be installed.
 */
export function lockedRequirements(text: string): string | undefined {
  if (!text.includes('--hash=')) return undefined
  return text
    .split('\n')
    .filter((line) => !/^mlflow(\[[^\]]*\])?\s*==/.test(line) || line.includes('--hash=') || /\\\s*$/.test(line))
    .join('\n')
}
