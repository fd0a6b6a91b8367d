import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ApiKey } from "@/api/types";
import { FormDialog } from "@/components/ui/form-dialog";
import { showToast } from "@/lib/toasts";
import { keysQuery, revokeKey } from "../api";

export function RevokeKey({ apiKey, onClose }: { apiKey: ApiKey; onClose: () => void }) {
  const queryClient = useQueryClient();
  const revoking = useMutation({
    mutationFn: () => revokeKey(apiKey.id),
    onSuccess: () => {
      showToast({ text: "Key revoked" });
      onClose();
    },
    onSettled: () => queryClient.invalidateQueries(keysQuery),
  });
  return (
    <FormDialog
      title={`Revoke “${apiKey.name}”?`}
      lead="Programs that use this key are refused from now on. This cannot be undone."
      submit="Revoke the key"
      danger
      busy={revoking.isPending}
      error={revoking.error}
      onSubmit={() => revoking.mutate()}
      onClose={onClose}
    />
  );
}
