import { type Defence, defencesOf } from './defence.ts'

const choices = ['capabilities/storage/content-places.test.ts']
const postgres = ['drivers/place-postgres/place-postgres.test.ts']
const oci = ['drivers/place-oci/place-oci.test.ts']

/** Places outside of the instance where projects keep their content. */
export const placeDefences: readonly Defence[] = [
  ...defencesOf('capabilities/storage/place-address.ts', choices, [
    [
      'the address of a place carries no credentials',
      "if (url.username !== '' || url.password !== '')",
      'if (false as boolean)',
      { hole: 'connection strings' },
    ],
  ]),
  ...defencesOf('capabilities/storage/content-places.ts', choices, [
    ['a place that does not work is not chosen', '      await tried(place, address)\n', ''],
    ['places are not tried without end', 'if (recent.length >= testsAMinute)', 'if (false as boolean)'],
    [
      'the password of a place is sealed',
      'await vault.seal(secret, placeOfSecret(id))',
      'secret',
      { hole: 'connection strings' },
    ],
  ]),
  ...defencesOf('kernel/places/try-place.ts', choices, [
    [
      'two instances share no place',
      'else if (owner !== instance)',
      'else if (false as boolean)',
      { hole: 'bucket squatting' },
    ],
  ]),
  ...defencesOf('capabilities/storage/collect.ts', choices, [
    [
      'a place that fails does not end the collection of all',
      "if ((error as { code?: string }).code !== 'BLOB.PLACE_FAILED') throw error",
      'throw error',
    ],
  ]),
  ...defencesOf('kernel/egress/egress.ts', postgres, [
    [
      'a database elsewhere is not called without TLS',
      'if (!tls && !trusted) throw egressErrors.PLAIN(host)',
      '',
      { hole: 'server-side requests' },
    ],
    [
      'a database elsewhere is at no internal address',
      `      if (isIP(host) !== 0) {
        checkAddress(host, host, trusted, allowed)
        return host`,
      `      if (isIP(host) !== 0) {
        return host`,
      { hole: 'server-side requests' },
    ],
  ]),
  ...defencesOf(
    'drivers/blob-s3/s3-request.ts',
    ['drivers/blob-s3/place-s3.test.ts'],
    [
      [
        'a bucket of a project is at no internal address, also when its name leads elsewhere later',
        '...(lookup ? { lookup } : {}),',
        '',
        { hole: 'server-side requests' },
      ],
    ],
  ),
  ...defencesOf(
    'drivers/blob-s3/place-s3.ts',
    ['drivers/blob-s3/place-s3.test.ts'],
    [
      [
        'a bucket of a project is called at an address that the way out allows',
        "    await egress.check('content-places', url.origin)\n",
        '',
        { hole: 'server-side requests' },
      ],
    ],
  ),
  ...defencesOf('drivers/place-postgres/place-postgres.ts', postgres, [
    [
      'a database elsewhere proves its name',
      '{ servername: host } : {}',
      '{ servername: host, rejectUnauthorized: false } : {}',
      { hole: 'connection strings' },
    ],
    [
      'the name of a schema is a name',
      'if (!schemaPattern.test(schema))',
      'if (false as boolean)',
      { hole: 'SQL injection' },
    ],
  ]),
  ...defencesOf('drivers/place-oci/registry-client.ts', oci, [
    [
      'the credentials of a registry go to no other host',
      'url.host === host ? known : undefined',
      'known',
      { hole: 'server-side requests' },
    ],
  ]),
]
