import { expect, test } from 'vitest'
import { list, moment, number, oneOf, parseSearch, stringifySearch, text } from './search-state.ts'

test('a URL reads aloud', () => {
  expect(stringifySearch({ sort: '-metrics.auc', sel: '4f1c,9b20', filter: 'status = failed', empty: undefined })).toBe(
    '?sort=-metrics.auc&sel=4f1c,9b20&filter=status+=+failed',
  )
})

test('what is written is read again, whatever it holds', () => {
  const filter = 'metrics.auc > 0.62 or name = "a&b+c %2C"'
  expect(parseSearch(stringifySearch({ filter }))).toEqual({ filter })
})

test('defaults stay out of the URL and nonsense falls back to them', () => {
  const tab = oneOf(['profile', 'rows'], 'profile')
  expect(tab.write('profile')).toBeUndefined()
  expect(tab.read('nonsense')).toBe('profile')
  expect(number().read('x')).toBeUndefined()
  expect(list().read('a,,b')).toEqual(['a', 'b'])
  expect(text('x').write('x')).toBeUndefined()
})

test('a moment is a day where it is midnight', () => {
  expect(moment().write(Date.UTC(2001, 2, 29))).toBe('2001-03-29')
  expect(moment().read('2001-03-29')).toBe(Date.UTC(2001, 2, 29))
  expect(moment().read('soon')).toBeUndefined()
})
