import { Readable } from 'node:stream'
import { deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { findPickles } from './find-pickles.ts'
import { isPickle } from './pickle-opcodes.ts'

/** What `pickle.dumps` of Python 3.11 gave, in hex. */
const pickles: Readonly<Record<string, string>> = {
  'protocol 0':
    '286470300a56610a70310a286c70320a49310a6146322e350a6156780a70330a614e614930310a617356620a70340a63636f6c6c656374696f6e730a4f726465726564446963740a70350a28745270360a56710a70370a49310a73732e',
  'protocol 1':
    '7d71002858010000006171015d7102284b0147400400000000000058010000007871034e4930310a65580100000062710463636f6c6c656374696f6e730a4f726465726564446963740a71052952710658010000007171074b0173752e',
  'protocol 2':
    '80027d71002858010000006171015d7102284b0147400400000000000058010000007871034e8865580100000062710463636f6c6c656374696f6e730a4f726465726564446963740a71052952710658010000007171074b0173752e',
  'protocol 3':
    '80037d71002858010000006171015d7102284b0147400400000000000058010000007871034e8865580100000062710463636f6c6c656374696f6e730a4f726465726564446963740a71052952710658010000007171074b0173752e',
  'protocol 4':
    '8004954a000000000000007d94288c0161945d94284b014740040000000000008c0178944e88658c0162948c0b636f6c6c656374696f6e73948c0b4f726465726564446963749493942952948c0171944b0173752e',
  'protocol 5':
    '8005954a000000000000007d94288c0161945d94284b014740040000000000008c0178944e88658c0162948c0b636f6c6c656374696f6e73948c0b4f726465726564446963749493942952948c0171944b0173752e',
  'a call, protocol 0': '635f5f6275696c74696e5f5f0a7072696e740a70300a285668690a70310a7470320a5270330a2e',
  'a call, protocol 5': '8005951f000000000000008c086275696c74696e73948c057072696e749493948c02686994859452942e',
  // 3,000 numbers in a list, protocol 2: longer than the head that is read.
  'a long list': `80025d7100284b01${'4d0102'.repeat(3000)}652e`,
}

const found = async (files: Record<string, Uint8Array>, settings: Record<string, unknown> = {}, directory = '') => {
  const blobs = {
    open: async (_project: string, digest: string, range?: { start: number; end: number }) => {
      const content = files[digest] ?? new Uint8Array()
      const piece = range ? content.subarray(range.start, range.end + 1) : content
      return { stream: Readable.from([Buffer.from(piece)]), size: content.length }
    },
  }
  const listed = Object.fromEntries(Object.entries(files).map(([path, c]) => [path, { digest: path, size: c.length }]))
  return findPickles(blobs, 'p', listed, { directory, settings })
}

test.each(Object.entries(pickles))('what Python pickled as %s is one, under any name', async (_name, hex) => {
  const content = Buffer.from(hex, 'hex')
  expect(isPickle(content.subarray(0, 4096), content.length)).toBe(true)
  expect(await found({ 'model.onnx': content })).toEqual([{ path: 'model.onnx', why: 'it holds a pickle' }])
  if (content.length < 4096) expect(isPickle(content.subarray(0, -1), content.length - 1)).toBe(false)
})

test.each([
  ['Markdown', '# A model\n\nVersion 1 (of 2001).\n'],
  ['YAML', 'flavors:\n  onnx: {data: model.onnx}\n'],
  ['CSV', '1,2\n3,4\n'],
  ['one letter', 'N'],
  ['a sentence', 'Before 2001. It is so.'],
  ['numbers', '0\n1\n2\n'],
  ['JSON', '{"a": [1, 2]}'],
  ['JSON lines', ']\n[1]\n'],
])('%s is no pickle', async (_name, text) => {
  expect(await found({ file: Buffer.from(text) })).toEqual([])
})

test('compressed pickles, arrays of objects and archives with a pickle inside are found, and say which', async () => {
  const content = Buffer.from(Object.values(pickles)[4] ?? '', 'hex')
  const archive = Buffer.concat([
    Buffer.from('PK\u0003\u0004', 'latin1'),
    Buffer.alloc(6000, 7),
    Buffer.from('archive/data.pklPK\u0005\u0006', 'latin1'),
  ])
  const array = Buffer.from("\u0093NUMPY\u0001\u0000v\u0000{'descr': '|O', 'fortran_order': False}", 'latin1')
  expect(
    await found({
      'a.bin': gzipSync(content),
      'b.bin': deflateSync(content),
      'c.npy': array,
      'd.pt': archive,
      'e.joblib': Buffer.from('unknown'),
      'f.pth': Buffer.from('legacy'),
      'g.zip': Buffer.from('PK\u0003\u0004 weights', 'latin1'),
    }),
  ).toEqual([
    { path: 'a.bin', why: 'it holds a compressed pickle' },
    { path: 'b.bin', why: 'it holds a compressed pickle' },
    { path: 'c.npy', why: 'it holds a NumPy array of objects, which are pickled' },
    { path: 'd.pt', why: 'it is an archive with the pickle archive/data.pkl' },
    { path: 'e.joblib', why: 'its name says so' },
    { path: 'f.pth', why: 'its name says so' },
  ])
})

test('what a flavour unpickles is one whatever it is called; models as code and skops files are none', async () => {
  const files = { 'm/one': Buffer.from('x'), 'm/two.py': Buffer.from('y'), 'm/three': Buffer.from('z') }
  const settings = {
    sklearn: { pickled_model: 'one', serialization_format: 'cloudpickle' },
    python_function: { python_model: 'two.py', loader_module: 'mlflow.pyfunc.model' },
    other: { pickled_model: 'three', serialization_format: 'skops' },
  }
  expect(await found(files, settings, 'm/')).toEqual([{ path: 'm/one', why: 'flavour sklearn unpickles it' }])
})
