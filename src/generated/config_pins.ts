// Generated from queries/config_pins.sql by make generate. Do not edit.
/**
 * Pins protect versions from retention. A version can be pinned under several
 * labels, such as golden or restored.
 *
 * @module
 */
import { Query, type QueryIR } from "../query.ts";

/** Parameters of `ConfigPin`. */
export interface ConfigPinParams {
  /** Name of the person or service that pins the version. */
  by: string;
  /** The version to pin. */
  id: number;
  /** Why it is kept, such as golden or restored. */
  label: string;
  /** Reason, as free text. */
  note?: string | null | undefined;
}

/** A row of `ConfigPin`, `ConfigUnpin`. */
export interface ConfigPin {
  /** The version that is kept. */
  configurationId: number;
  /** The device of the version. */
  deviceId: number;
  /** Why it is kept, such as golden or restored. */
  label: string;
  /** What else there is to say; null when nobody did. */
  note: string | null;
  /** When it was pinned first. */
  pinnedAt: Date;
  /** Who pinned it. */
  pinnedBy: string;
}

const configPinIR: QueryIR = {"usedParamSet":{"label":true,"note":true,"by":true,"id":true},"params":[{"name":"label","required":true,"transform":{"type":"scalar"},"locs":[{"a":108,"b":114}]},{"name":"note","required":false,"transform":{"type":"scalar"},"locs":[{"a":119,"b":123}]},{"name":"by","required":true,"transform":{"type":"scalar"},"locs":[{"a":134,"b":137}]},{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":177,"b":180}]}],"statement":"insert into config_pins\n  (device_id, configuration_id, label, note, pinned_by)\nselect\n  device_id,\n  id,\n  :label!,\n  :note::text,\n  :by!\nfrom device_configurations\nwhere id = :id!\non conflict (device_id, configuration_id, label) do update set\n  note = excluded.note,\n  pinned_by = excluded.pinned_by\nreturning device_id, configuration_id, label, note, pinned_by, pinned_at"};

/**
 * Pins a version. Pinning it again under the same label changes the note and
 * pinned_by. Returns no row if the version does not exist.
 * Writes config_pins.
 */
export const configPin: Query<ConfigPinParams, ConfigPin> = new Query("ConfigPin", configPinIR);

/** Parameters of `ConfigUnpin`. */
export interface ConfigUnpinParams {
  /** The version to unpin. */
  id: number;
  /** Why it is kept, such as golden or restored. */
  label: string;
}

const configUnpinIR: QueryIR = {"usedParamSet":{"id":true,"label":true},"params":[{"name":"id","required":true,"transform":{"type":"scalar"},"locs":[{"a":51,"b":54},{"a":143,"b":146}]},{"name":"label","required":true,"transform":{"type":"scalar"},"locs":[{"a":166,"b":172}]}],"statement":"delete from config_pins\nwhere\n  configuration_id = :id!\n  and device_id = (\n    select device_id\n    from device_configurations\n    where id = :id!\n  )\n  and label = :label!\nreturning device_id, configuration_id, label, note, pinned_by, pinned_at"};

/**
 * Removes a label from a version. The version stays pinned while it has another
 * label.
 * Writes config_pins.
 */
export const configUnpin: Query<ConfigUnpinParams, ConfigPin> = new Query("ConfigUnpin", configUnpinIR);

/** Parameters of `ConfigPinList`. */
export interface ConfigPinListParams {
  /** The configurationId of the last row of the previous page. */
  afterConfigurationId?: number | null | undefined;
  /** The deviceId of the last row of the previous page. */
  afterDeviceId?: number | null | undefined;
  /** The label of the last row of the previous page. */
  afterLabel?: string | null | undefined;
  /** Only these devices. */
  deviceIds?: readonly number[] | null | undefined;
  /** Only pins under this label. */
  label?: string | null | undefined;
  /** Maximum rows to return. */
  limit: number;
}

/** A row of `ConfigPinList`. */
export interface ConfigPinListRow {
  /** The version that is kept. */
  configurationId: number;
  /** The device of the version. */
  deviceId: number;
  /** Name of the device; unique, case counts, sorted by byte. */
  hostname: string;
  /** Why it is kept, such as golden or restored. */
  label: string;
  /** What else there is to say; null when nobody did. */
  note: string | null;
  /** When it was pinned first. */
  pinnedAt: Date;
  /** Who pinned it. */
  pinnedBy: string;
  /** When this text was first read; within a device it never goes back. */
  retrievedAt: Date;
  /**
   * When the next version came; null for the latest. It stays when that version is pruned, so there
   * can be gaps but no overlap.
   */
  validUntil: Date | null;
}

const configPinListIR: QueryIR = {"usedParamSet":{"deviceIds":true,"label":true,"afterDeviceId":true,"afterConfigurationId":true,"afterLabel":true,"limit":true},"params":[{"name":"deviceIds","required":false,"transform":{"type":"scalar"},"locs":[{"a":414,"b":423},{"a":475,"b":484}]},{"name":"label","required":false,"transform":{"type":"scalar"},"locs":[{"a":495,"b":500},{"a":539,"b":544}]},{"name":"afterDeviceId","required":false,"transform":{"type":"scalar"},"locs":[{"a":559,"b":572},{"a":622,"b":635},{"a":676,"b":689}]},{"name":"afterConfigurationId","required":false,"transform":{"type":"scalar"},"locs":[{"a":778,"b":798}]},{"name":"afterLabel","required":false,"transform":{"type":"scalar"},"locs":[{"a":848,"b":858}]},{"name":"limit","required":true,"transform":{"type":"scalar"},"locs":[{"a":991,"b":997}]}],"statement":"select\n  config_pins.device_id,\n  devices.hostname,\n  config_pins.configuration_id,\n  config_pins.label,\n  config_pins.note,\n  config_pins.pinned_by,\n  config_pins.pinned_at,\n  device_configurations.retrieved_at,\n  device_configurations.valid_until\nfrom config_pins\njoin devices on devices.id = config_pins.device_id\njoin device_configurations\n  on device_configurations.id = config_pins.configuration_id\nwhere\n  (:deviceIds::integer[] is null or config_pins.device_id = any(:deviceIds))\n  and (:label::text is null or config_pins.label = :label)\n  and (\n    :afterDeviceId::integer is null\n    or config_pins.device_id > :afterDeviceId\n    or (\n      config_pins.device_id = :afterDeviceId\n      and (config_pins.configuration_id, config_pins.label)\n      < (\n        coalesce(:afterConfigurationId::bigint, 9223372036854775807),\n        coalesce(:afterLabel::text, '')\n      )\n    )\n  )\norder by\n  config_pins.device_id,\n  config_pins.configuration_id desc,\n  config_pins.label desc\nlimit :limit!::integer"};

/**
 * Lists pinned versions by device, newest first.
 * Reads.
 */
export const configPinList: Query<ConfigPinListParams, ConfigPinListRow> = new Query("ConfigPinList", configPinListIR, { reads: true });
