import { defineErrors } from '../errors/index.ts'

export const replicaErrors = defineErrors('REPLICA', {
  OTHER_STORAGE: {
    status: 409,
    message: (host: string, theirs: string, mine: string) =>
      `The server on ${host} works on the same database and keeps content in ${theirs}, this one in ${mine}. Give all of them one place: --storage-url s3://BUCKET/PREFIX, or file:///DIRECTORY that all of them share.`,
  },
  NOT_LEADING: {
    status: 503,
    message: () => 'Another server leads by now; it does what was begun here.',
  },
})
