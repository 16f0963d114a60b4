/** A GET as a hook: the last answer stays until the next one is there. */

import { useEffect, useState } from "react";
import { ApiError, read } from "./api";

export interface Reading<T> {
  data: T | null;
  error: ApiError | null;
  loading: boolean;
}

/** Reads `path` again whenever it or `version` changes; nothing for null. */
export function useRead<T>(path: string | null, version = 0): Reading<T> {
  const [reading, setReading] = useState<Reading<T>>({ data: null, error: null, loading: true });
  useEffect(() => {
    if (path === null) return setReading({ data: null, error: null, loading: false });
    let current = true;
    setReading((last) => ({ ...last, loading: true }));
    read<T>(path).then(
      (data) => current && setReading({ data, error: null, loading: false }),
      (error: ApiError) => current && setReading({ data: null, error, loading: false }),
    );
    return () => {
      current = false;
    };
  }, [path, version]);
  return reading;
}
