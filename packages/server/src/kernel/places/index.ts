/** Places outside of the instance where projects keep their content. */
export { createPlacedBlobs } from './placed-blobs.ts'
export { createPlacedIndex, type PlacedIndex } from './placed-index.ts'
export {
  createPlaces,
  type OpenPlace,
  type PlaceDrivers,
  placeOfSecret,
  type Places,
  type PlaceSettings,
} from './places.ts'
export type { ContentPlaceTable } from './tables.ts'
export { tryPlace } from './try-place.ts'
