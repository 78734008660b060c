import { expect, test } from 'vitest'
import { lockedRequirements } from './locked-requirements.ts'

test('the line that MLflow adds for itself is left out, what has a hash stays', () => {
  const own = 'numpy==2.4.6 --hash=sha256:aa\nscipy==1.17.1 \\\n    --hash=sha256:bb\n'
  expect(lockedRequirements(`mlflow==3.17.2\n${own}`)).toBe(own)
  const withHash = `mlflow==3.17.2 --hash=sha256:cc\nmlflow-skinny==3.17.2 --hash=sha256:dd\nmlflow==3.17.2 \\\n  --hash=sha256:ee\n${own}`
  expect(lockedRequirements(withHash)).toBe(withHash)
  // Another package without a hash is for the installer to refuse.
  expect(lockedRequirements(`pandas==2.3.3\n${own}`)).toContain('pandas')
})

test('a list without hashes is no lock file', () => {
  expect(lockedRequirements('mlflow==3.17.2\nnumpy==2.4.6\n')).toBeUndefined()
})
