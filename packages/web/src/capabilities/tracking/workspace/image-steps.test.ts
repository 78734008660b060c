import { expect, test } from 'vitest'
import { imageAt, imageSeries } from './image-steps.ts'

const file = (path: string) => ({ path, isDirectory: false, size: 1, digest: null })

test('pictures of log_image are one series by name and step, without their thumbnails; a step logged again shows its last', () => {
  const series = imageSeries([
    file('images/val#mask%step%10%timestamp%2000%aa.png'),
    file('images/val#mask%step%2%timestamp%1000%bb.png'),
    file('images/val#mask%step%2%timestamp%1000%bb%compressed.webp'),
    file('images/val#mask%step%2%timestamp%1500%cc.png'),
    file('images/old+step+0+timestamp+5+dd.png'),
    file('plots/roc.png'),
    file('model/model.onnx'),
  ])
  expect(series.map((one) => one.key)).toEqual(['old', 'plots/roc.png', 'val/mask'])
  expect(series[2]?.steps.map(({ step, path }) => [step, path.slice(-6)])).toEqual([
    [2, 'cc.png'],
    [10, 'aa.png'],
  ])
  expect(imageAt(series[2], 9)?.step).toBe(2)
  expect(imageAt(series[2], 1)).toBeUndefined()
})
