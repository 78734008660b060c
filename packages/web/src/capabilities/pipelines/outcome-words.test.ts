import type { PipelineRun } from '@trivium/contract'
import { expect, test } from 'vitest'
import { outcomeLine, outcomeOf, skippedWords } from './outcome-words.ts'

test('the cause comes first, and a step that is named twice is named once', () => {
  const twice = `Step "train" failed: Step "train" failed: KeyError: 'origin'`
  expect(outcomeOf(twice)).toEqual({ step: 'train', cause: "KeyError: 'origin'" })
  expect(outcomeLine(twice)).toBe("KeyError: 'origin' (train)")
})

test('what is no failure of a step stays as it is', () => {
  const gate = 'A loss of more than 0.005 cannot be ruled out (log-loss +0.004).'
  expect(outcomeLine(gate)).toBe(gate)
  const late = 'Step "train" was stopped after its time limit of 60 s.'
  expect(outcomeOf(`Step "train" failed: ${late}`)).toEqual({ step: 'train', cause: late })
})

test('steps that did not run are named, many are counted', () => {
  const steps = (...states: string[]) =>
    states.map((state, at) => ({ name: `s${at}`, state })) as unknown as PipelineRun['steps']
  expect(skippedWords(steps('failed', 'finished'))).toBe('')
  expect(skippedWords(steps('failed', 'skipped'))).toBe('s1 did not run.')
  expect(skippedWords(steps('failed', 'skipped', 'skipped'))).toBe('s1 and s2 did not run.')
  expect(skippedWords(steps('failed', ...Array.from({ length: 4 }, () => 'skipped')))).toBe(
    '4 steps after it did not run.',
  )
})
