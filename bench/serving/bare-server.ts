import { createServer } from 'node:http'
import { InferenceSession, Tensor } from 'onnxruntime-node'

// The floor: node:http and the model, without authentication, validation, log or batches.
const [, , port = '0', path = ''] = process.argv
const session = await InferenceSession.create(path, {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
})

createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    if (request.method === 'GET') response.end('{"live":true}')
    else
      void infer(Buffer.concat(chunks).toString()).then((body) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
        response.end(body)
      })
  })
}).listen(Number(port), '127.0.0.1')

async function infer(text: string): Promise<string> {
  const [input] = (JSON.parse(text) as { inputs: { name: string; shape: number[]; data: number[] }[] }).inputs
  if (!input) throw new Error('no input')
  const found = await session.run({ [input.name]: new Tensor('float32', Float32Array.from(input.data), input.shape) })
  const outputs = Object.entries(found).map(([name, tensor]) => ({
    name,
    datatype: tensor.type === 'int64' ? 'INT64' : 'FP32',
    shape: tensor.dims,
    data: Array.from(tensor.data as Float32Array, Number),
  }))
  return JSON.stringify({ model_name: 'forest', outputs })
}
