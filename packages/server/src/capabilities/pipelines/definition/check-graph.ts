import type { PipelineStep } from '@trivium/contract'
import { parseReference } from './parse-reference.ts'
import type { YamlSource } from './yaml-source.ts'

/** Checks what steps say about each other, completes `needs` by the steps whose outputs are read, and puts steps behind what they need. */
export function checkGraph(source: YamlSource, steps: readonly PipelineStep[]): PipelineStep[] {
  const byName = new Map(steps.map((step) => [step.name, step]))
  for (const step of steps) {
    const needs = new Set<string>()
    for (const need of step.needs) {
      if (byName.has(need)) needs.add(need)
      else
        source.report(
          ['steps', step.name, 'needs'],
          `there is no step "${need}". Steps: ${[...byName.keys()].join(', ')}.`,
        )
    }
    for (const [input, text] of Object.entries(step.in)) {
      const reference = parseReference(text)
      if (typeof reference === 'string' || reference.scheme !== 'steps') continue
      const path = ['steps', step.name, 'in', input]
      const from = byName.get(reference.step)
      if (!from) source.report(path, `there is no step "${reference.step}". Steps: ${[...byName.keys()].join(', ')}.`)
      else {
        needs.add(from.name)
        const declared = Object.keys(from.out)
        // Steps of other capabilities may leave out what they make; the run then says whether it is there.
        const open = declared.length === 0 && from.kind !== 'python' && from.kind !== 'command'
        if (!open && !declared.includes(reference.output)) {
          source.report(
            path,
            `step "${from.name}" has no output "${reference.output}". It has: ${declared.join(', ') || 'none'}.`,
          )
        }
      }
    }
    step.needs = [...needs]
  }
  return inOrder(source, steps, byName)
}

function inOrder(
  source: YamlSource,
  steps: readonly PipelineStep[],
  byName: ReadonlyMap<string, PipelineStep>,
): PipelineStep[] {
  const ordered: PipelineStep[] = []
  const state = new Map<string, 'open' | 'done'>()
  const visit = (step: PipelineStep, trail: readonly string[]): void => {
    if (state.get(step.name) === 'done') return
    if (state.get(step.name) === 'open') {
      const circle = [...trail.slice(trail.indexOf(step.name)), step.name]
      source.report(['steps', step.name, 'needs'], `the steps need each other in a circle: ${circle.join(' → ')}.`)
      return
    }
    state.set(step.name, 'open')
    for (const need of step.needs) {
      const next = byName.get(need)
      if (next) visit(next, [...trail, step.name])
    }
    state.set(step.name, 'done')
    ordered.push(step)
  }
  for (const step of steps) visit(step, [])
  return ordered
}
